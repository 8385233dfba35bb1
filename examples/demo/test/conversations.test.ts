import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@chaperone/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INSULT, MILD_INSULT } from '../src/texts.ts';
import { linesOf, runDemo, type Ran } from './run-demo.ts';

const CANARY = 'canarybird';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-demo-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, lines: readonly string[], ending = '\n'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join(ending));
  return path;
}

const user = (text: string): string => JSON.stringify([{ role: 'user', content: `${CANARY} ${text}` }]);

/** A row of the stages' table: by the name of the column. */
function rowOf({ stdout }: Ran, stage: string): { readonly [column: string]: number } {
  const lines = linesOf(stdout);
  const head = lines.find((line) => line.startsWith('stage ')) ?? '';
  const row = lines.find((line) => line.startsWith(`${stage} `)) ?? '';
  const columns = head.replace('not reached', 'not-reached').split(' ').slice(1, 8);
  const cells = row.split(' ').slice(1);
  return Object.fromEntries(columns.map((column, index) => [column, Number(cells[index])]));
}

/** What the columns beside `lines` add up to. */
function sumOf(row: { readonly [column: string]: number }): number {
  return Object.values(row).reduce((total, each) => total + each, 0) - (row['lines'] ?? 0);
}

describe('a file with everything in it', () => {
  let path: string;
  let ran: Ran;

  beforeAll(async () => {
    const lines = [
      `\uFEFF${user('one')}`,
      '',
      JSON.stringify(`${CANARY} a bare text`),
      `${CANARY} is not JSON`,
      user(INSULT), // line 5
      '{"role":"user"}',
      user('first flagged, then clean'), // line 7
      '[]',
      JSON.stringify([{ role: 'king', content: CANARY }]),
      JSON.stringify([{ role: 'user', content: 7 }]), // line 10
      user('mild'),
      '   ',
      '""',
      user(MILD_INSULT),
      JSON.stringify([
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
      ]), // line 15
      JSON.stringify([
        { role: 'user', content: INSULT },
        { role: 'assistant', content: 'no' },
        { role: 'user', content: CANARY },
      ]),
      ...Array.from({ length: 6 }, (_, index) => user(`more ${index}`)), // lines 17 to 22
      user('flagged each time'), // line 23
      user('Wo kann ich heute Abend am Meer spazieren gehen?'), // line 24
      '',
    ];
    path = await file('chats.jsonl', lines, '\r\n');
    ran = await runDemo(['--input', path]);
  });

  test('is run to its end', () => {
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });

  test('each row adds up to the lines that ran', () => {
    for (const stage of ['input', 'output']) {
      const row = rowOf(ran, stage);
      expect(row['lines']).toBe(16);
      expect(sumOf(row)).toBe(16);
    }
  });

  test('each line is in its column', () => {
    expect(rowOf(ran, 'input')).toMatchObject({ passed: 12, flagged: 1, blocked: 1, unchecked: 2, 'not-reached': 0 });
    expect(rowOf(ran, 'output')).toMatchObject({ flagged: 1, blocked: 1, retried: 1, unchecked: 0, 'not-reached': 1 });
  });

  test('findings are told by category and stage', () => {
    const lines = linesOf(ran.stdout);
    expect(lines).toContain('category stage moderator flagged blocked retried highest score');
    expect(lines).toContainEqual(expect.stringMatching(/^harassment input embedded 1 1 0 [01]\.\d\d$/));
    expect(lines).toContainEqual(expect.stringMatching(/^harassment output embedded 1 1 1 [01]\.\d\d$/));
  });

  test('blocked lines are listed with their reason', () => {
    const lines = linesOf(ran.stdout);
    const why = String.raw`harassment [01]\.\d\d ≥ 0\.5 → block, by embedded`;
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^line 5 input ${why}$`)));
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^line 23 output ${why}, after 2 generations$`)));
  });

  test('what could not be checked is named with its reason, and so is an older turn that was replaced', () => {
    const lines = linesOf(ran.stdout);
    expect(lines).toContainEqual(expect.stringMatching(/^Unchecked at the input: 2 lines: /));
    expect(lines.join(' ')).toContain('unsupported (language) by embedded');
    expect(lines.join(' ')).toContain('unsupported, covered by no moderator');
    expect(lines).toContain('In 1 line an older turn was replaced by a placeholder before the model saw it.');
  });

  test('bad lines are reported with their numbers, and counted', () => {
    const lines = linesOf(ran.stdout);
    expect(lines.slice(lines.indexOf('6 bad lines, in no row above; 16 lines ran')).filter(Boolean)).toEqual([
      '6 bad lines, in no row above; 16 lines ran',
      'line 4 is not JSON',
      'line 6 is neither an array of messages nor a string',
      'line 8 is an array without messages',
      'line 9 message 1 has no role that there is',
      'line 10 message 1 has a content that is neither a text nor a list of parts',
      'line 13 is an empty text',
    ]);
  });

  test('nothing of the content is shown', () => {
    expect(ran.stdout).not.toContain(CANARY);
  });

  test('where there is no terminal, progress is a line now and then', () => {
    expect(linesOf(ran.stdout)).toEqual(expect.arrayContaining(['4 of 16 lines', '16 of 16 lines']));
    expect(ran.stdout).not.toContain('\u001B');
  });

  test('--strict makes the exit code 1, and nothing else', async () => {
    const strict = await runDemo(['--strict', '--input', path]);
    expect(strict).toMatchObject({ code: 1, stderr: '' });
    expect(rowOf(strict, 'input')).toEqual(rowOf(ran, 'input'));
  });
});

test('with a key, a moderation endpoint that fails leaves every line unchecked, and none passed', async () => {
  await using server = await startServer();
  server.fault('moderation', { kind: 'status', status: 401 });
  const path = await file('down.jsonl', [user('one'), user('two')]);
  const ran = await runDemo(['--input', path], { env: { OPENAI_API_KEY: 'any', OPENAI_BASE_URL: server.url } });
  expect(rowOf(ran, 'input')).toMatchObject({ passed: 0, unchecked: 2 });
  expect(rowOf(ran, 'output')).toMatchObject({ 'not-reached': 2 });
});

test('a call that fails is told with its line, and counts as not reached at the output', async () => {
  await using server = await startServer();
  server.fault('chat', { kind: 'status', status: 400 });
  const path = await file('refused.jsonl', [user('one')]);
  const env = { OPENAI_API_KEY: 'any', OPENAI_BASE_URL: server.url };
  const ran = await runDemo(['--input', path], { env });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(rowOf(ran, 'input')).toMatchObject({ passed: 1 });
  expect(rowOf(ran, 'output')).toMatchObject({ 'not-reached': 1 });
  expect(linesOf(ran.stdout)).toContain('line 1 BadRequestError');
  expect((await runDemo(['--strict', '--input', path], { env })).code).toBe(1);
});

test('a path is relative to where the user stands', async () => {
  await file('here.jsonl', [user('one')]);
  expect((await runDemo(['--input', 'here.jsonl'], { env: { INIT_CWD: folder } })).code).toBe(0);
  expect((await runDemo(['--input', 'here.jsonl'], { cwd: folder })).code).toBe(0);
});

test.for([
  { name: 'empty', lines: [] },
  { name: 'blank', lines: ['', '  ', ''] },
])('a file that is $name is told to hold nothing', async ({ name, lines }) => {
  const ran = await runDemo(['--input', await file(`${name}.jsonl`, lines)]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(/holds no conversation\.$/m);
});
