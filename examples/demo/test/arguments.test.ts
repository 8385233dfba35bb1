import { expect, test } from 'vitest';
import { runDemo } from './run-demo.ts';

test.for(['--help', '-h'])('%s tells what there is', async (flag) => {
  const ran = await runDemo([flag]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  for (const word of ['--input', '--strict', 'OPENAI_API_KEY', 'OPENAI_BASE_URL']) expect(ran.stdout).toContain(word);
});

test.for([
  [['--imput', 'x.jsonl'], "Unknown option '--imput'; see pnpm demo --help."],
  [['--input'], "Option '--input <value>' argument missing; see pnpm demo --help."],
  [['x.jsonl'], "Unexpected argument 'x.jsonl'"],
  [['--strict'], '--strict goes with --input FILE.jsonl; see pnpm demo --help.'],
  [['--input', 'nowhere.jsonl'], 'Cannot read nowhere.jsonl: there is no such file.'],
  [['--input', '.'], 'Cannot read .: it is a folder.'],
  [['--', '--input', 'nowhere.jsonl'], 'Cannot read nowhere.jsonl: there is no such file.'],
] as const)('%j is refused in one sentence', async ([args, sentence]) => {
  const ran = await runDemo(args);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain(sentence);
  expect(ran.stderr.trim().split('\n')).toHaveLength(1);
});
