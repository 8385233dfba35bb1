import { startServer } from '@chaperone/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { INSULTING_WORDS } from '../src/texts.ts';
import { linesOf, runDemo, type Ran } from './run-demo.ts';

describe('the scenes, without a key', () => {
  let ran: Ran;
  let scenes: readonly (readonly string[])[];

  beforeAll(async () => {
    ran = await runDemo([]);
    scenes = ran.stdout.split(/\n(?=── \d)/).map(linesOf);
  });

  test('end by themselves, in less than ten seconds', () => {
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.ms).toBeLessThan(10_000);
    expect(scenes).toHaveLength(10);
  });

  test('say what stands behind them', () => {
    const introduction = scenes[0]?.join(' ');
    expect(introduction).toContain('The small model of @chaperone/embedded judges, in this process');
    expect(introduction).toContain('a scripted model, not a language model');
  });

  test('stay within the page, without colours where there is no terminal', () => {
    expect(Math.max(...ran.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(ran.stdout).not.toContain('\u001B');
  });

  test.for([
    {
      scene: 1,
      says: [
        'decided input ALLOW (no findings by embedded)',
        'output ALLOW (no findings by embedded)',
        'finish_reason: stop',
      ],
    },
    {
      scene: 2,
      says: [
        'decided input BLOCK',
        expect.stringMatching(/^harassment [01]\.\d\d ≥ 0\.5 → block, by embedded, at messages\[0\]\.content$/),
        'events 1 flagged input, block',
        '2 settled refused, 0 generations',
        'model got 0 requests',
        'finish_reason: content_filter',
      ],
    },
    {
      scene: 3,
      says: [
        '2 retried generation 1 was discarded, the next one begins',
        '3 settled delivered, 2 generations',
        'model got 2 requests',
        'received “They will meet you at the station, and dinner is at seven.”',
      ],
    },
    { scene: 4, says: ['6 settled refused, 3 generations', 'model got 3 requests', 'finish_reason: content_filter'] },
    {
      scene: 5,
      says: [
        'events 1 flagged input, block',
        '2 flagged output, block',
        '3 settled delivered, 1 generation',
        'received “At seven. You are such a stupid idiot.”',
      ],
    },
    { scene: 6, says: ['events 1 settled delivered, 1 generation', '2 settled refused, 1 generation'] },
    {
      scene: 8,
      says: [
        'decided input BLOCK (nobody could judge)',
        'unchecked: failed (unavailable) by openai-moderation, at messages[0].content',
        '2 settled refused, 0 generations',
        'model got 0 requests',
        'decided input ALLOW (no findings by embedded)',
        '3 settled delivered, 1 generation',
        'received “Try the place beside the lighthouse.”',
      ],
    },
    {
      scene: 9,
      says: [
        'omitted: messages[0].content',
        'omitted: messages[1].content',
        'user “[removed]”, assistant “[removed]”, user “When does the ferry leave, please?”',
        'received “At seven, if the tide allows it.”',
      ],
    },
  ])('scene $scene comes to its end', ({ scene, says }) => {
    expect(scenes[scene]).toEqual(expect.arrayContaining(says));
  });

  test('a flagged stream never shows what was flagged', () => {
    expect(scenes[6]?.join('\n')).not.toContain(INSULTING_WORDS);
  });

  test('two readers side by side read the same, and the first text and the longest pause of each are told', () => {
    const told = scenes[7]?.filter((line) => /first text after \d+ ms, longest pause \d+ ms/.test(line));
    expect(told).toHaveLength(2);
    expect(scenes[7]?.join('\n')).not.toContain('differs');
  });

  test('an outage is refused in other words than a block', () => {
    const received = (scene: number): string | undefined => scenes[scene]?.find((line) => line.startsWith('received'));
    expect(received(8)).not.toBe(received(2));
  });
});

describe('with a key', () => {
  test('the service at OPENAI_BASE_URL answers, and scenes that need a script are skipped', async () => {
    await using server = await startServer({ apiKey: 'key-for-tests', chat: 'A real answer.' });
    const ran = await runDemo([], {
      env: { OPENAI_API_KEY: 'key-for-tests', OPENAI_BASE_URL: server.url, OPENAI_MODEL: 'some-model' },
    });

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.match(/Skipped: .+\.$/gm)).toHaveLength(3);
    expect(ran.stdout).not.toContain('a scripted model');
    expect(ran.stdout).not.toContain('key-for-tests');
    expect(linesOf(ran.stdout)).toContain('received “A real answer.”');
    expect(linesOf(ran.stdout)).toContain(
      'harassment 1.00 ≥ 0.8 → block, by blocklist:harassment, at messages[0].content',
    );
    expect(new Set(server.chatRequests.map(({ body }) => body.model))).toEqual(new Set(['some-model']));
    expect(server.moderated).not.toHaveLength(0);
  });

  test('a service that fails is told in a row, and the scenes go on', async () => {
    await using server = await startServer({ apiKey: 'key-for-tests' });
    server.fault('chat', { kind: 'status', status: 400 });
    const ran = await runDemo([], { env: { OPENAI_API_KEY: 'key-for-tests', OPENAI_BASE_URL: server.url } });

    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(linesOf(ran.stdout)).toContain('failed BadRequestError, HTTP 400');
    expect(ran.stdout).toContain('9  A second turn');
  });
});
