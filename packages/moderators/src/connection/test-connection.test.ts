import { clear, quorum, type Moderator } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { useVendor } from '../../test/support/use-vendor.ts';
import { blocklist, httpModeration, openaiModeration, testConnection } from '../index.ts';

describe('a moderator that works', () => {
  test('is asked once for each stage; latency, model and what it gives are said', async () => {
    await using server = await startServer({ moderation: () => ({ model: 'served-1', scores: { novelty: 0.1 } }) });
    const connection = await testConnection(openaiModeration({ baseURL: server.url }));
    expect(connection).toMatchObject({
      moderator: 'openai-moderation',
      isWorking: true,
      input: {
        status: 'clear',
        model: 'served-1',
        gives: ['categories', 'scores', 'model', 'responseId'],
        unlisted: ['novelty'],
      },
      output: { status: 'clear' },
    });
    expect(connection.input.latency).toBeGreaterThanOrEqual(0);
    expect(connection.input).not.toHaveProperty('problem');
    expect(server.moderationRequests).toHaveLength(2);
  });

  test('may be made of others', async () => {
    const both = quorum(1, [blocklist(['zorp']), fakeModerator({ name: 'other' })]);
    expect(await testConnection(both)).toMatchObject({ isWorking: true, input: { status: 'clear' } });
  });

  test('is asked in the context that is given', async () => {
    await using server = await startServer({ apiKey: 'sk-one' });
    const moderator = openaiModeration({ baseURL: server.url, apiKey: (tenant) => `sk-${tenant ?? 'none'}` });
    expect((await testConnection(moderator, { context: { tenant: 'one' } })).isWorking).toBe(true);
    expect((await testConnection(moderator)).isWorking).toBe(false);
  });
});

describe('a moderator that does not', () => {
  test.each([
    [401, /key was not accepted .*apiKey or OPENAI_API_KEY/],
    [403, /has no permission to use model/],
    [404, /There is no model/],
    [500, /answered HTTP 500/],
  ])('has its fault named: HTTP %i', async (status, problem) => {
    await using server = await startServer();
    server.fault('moderation', { kind: 'status', status });
    const connection = await testConnection(openaiModeration({ baseURL: server.url, apiKey: 'sk-canary' }));
    expect(connection).toMatchObject({
      isWorking: false,
      input: { status: 'failed', problem: expect.stringMatching(problem) },
    });
    expect(JSON.stringify(connection)).not.toContain('canary');
  });

  test('ends at its deadline, whether it heeds the signal or not', async () => {
    const begun = performance.now();
    for (const ignoresAbort of [true, false])
      expect(await testConnection(fakeModerator({ fails: 'hangs', ignoresAbort }), { deadline: 30 })).toMatchObject({
        isWorking: false,
        input: { problem: 'It did not answer within 30 ms.' },
      });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('is told when it flags what is harmless, throws, or judges no text', async () => {
    const problemOf = async (...[moderator]: Parameters<typeof testConnection>) =>
      (await testConnection(moderator)).input.problem;
    expect(await problemOf(blocklist(['weather']))).toMatch(/flags a harmless text/);
    expect(await problemOf(fakeModerator({ fails: 'throws' }))).toBe('It cannot be reached.');
    expect(await problemOf(fakeModerator({ kinds: ['image'] }))).toMatch(/does not judge plain text/);
  });
});

describe('what a guard would not take is no answer', () => {
  const problemOf = async (answer: () => unknown, options: object = {}): Promise<string | undefined> => {
    const moderator = { name: 'mine', categories: ['x'], moderate: answer };
    const connection = await testConnection(moderator as unknown as Moderator, options);
    expect(connection).toMatchObject({ moderator: 'mine', isWorking: false, input: { status: 'failed' } });
    return connection.input.problem;
  };

  test.each<[string, unknown]>([
    ['no scores', [{ status: 'clear', flagged: [] }]],
    ['a status of its own', [{ status: 'ok' }]],
    ['a score of 7', [{ status: 'clear', flagged: [], scores: { x: 7 } }]],
    ['a score that is a text', [{ status: 'flagged', flagged: [], scores: { x: 'high' } }]],
    ['two reports', [clear(), clear()]],
    ['nothing', [null]],
    ['no list', { 0: clear() }],
  ])('%s', async (_, answer) => {
    expect(await problemOf(async () => answer)).toBe('It answers something else than its contract says.');
  });

  test('an error, thrown at once or later, and nothing of it is told', async () => {
    const thrown = new Error('canary-key');
    const problems = [
      await problemOf(() => {
        throw thrown;
      }),
      await problemOf(() => Promise.reject(thrown)),
    ];
    expect(problems).toEqual(['It cannot be reached.', 'It cannot be reached.']);
  });

  test('and a wrong option, or what is no moderator, is a problem too', async () => {
    expect(await problemOf(async () => [clear()], { deadline: -1 })).toContain('testConnection.deadline must be');
    expect(await problemOf(async () => [clear()], { text: ' ' })).toContain('testConnection.text must be');
    expect(await problemOf(async () => [clear()], { context: { tenant: 7 } })).toContain('testConnection.context');
    expect(await problemOf(async () => [clear()], { timeout: 5 })).toContain('testConnection.timeout is not an option');
    const none = await testConnection({ name: 'none' } as Moderator);
    expect(none).toMatchObject({ moderator: 'none', isWorking: false, input: { problem: expect.any(String) } });
    expect((await testConnection(undefined as unknown as Moderator)).isWorking).toBe(false);
  });
});

describe('a service that can be pinged', () => {
  const vendor = useVendor(({ body }) =>
    JSON.stringify(body).includes('ping') ? { result: 'pong' } : { flagged: false },
  );

  test('is pinged before it is asked', async () => {
    const connection = await testConnection(httpModeration({ url: vendor().url, contract: 'dify' }));
    expect(connection.isWorking).toBe(true);
    expect(vendor().requests.map(({ body }) => body)).toMatchObject([
      { point: 'ping' },
      { point: 'app.moderation.input' },
      { point: 'ping' },
      { point: 'app.moderation.output' },
    ]);
  });

  test('and hangs, whatever the signal says, is left at the deadline', async () => {
    const hanging = httpModeration({ url: vendor().url, contract: 'dify', fetch: () => new Promise(() => {}) });
    expect(await testConnection(hanging, { deadline: 30 })).toMatchObject({
      isWorking: false,
      input: { problem: 'It did not answer within 30 ms.' },
    });
  });

  test('and throws is a problem of which nothing else is told', async () => {
    const throwing = {
      ...fakeModerator(),
      ping: () => Promise.reject(new Error('canary-key')),
    };
    expect(await testConnection(throwing)).toMatchObject({ input: { problem: 'It cannot be reached.' } });
  });

  test('of which the pong is wrong is not asked', async () => {
    vendor().script = () => ({ flagged: false });
    const connection = await testConnection(httpModeration({ url: vendor().url, contract: 'dify' }));
    expect(connection).toMatchObject({ isWorking: false, input: { problem: expect.stringContaining('pong') } });
  });
});
