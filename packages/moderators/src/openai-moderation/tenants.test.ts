import { createGuard, isConfigurationError, type Events } from '@chaperone/core';
import { startServer, type TestServer } from '@chaperone/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openaiModeration } from '../index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
afterEach(() => {
  server.reset();
  vi.restoreAllMocks();
});

const KEYS: { readonly [tenant: string]: string } = { one: 'sk-canary-1', two: 'sk-canary-2' };
const byTenant = () =>
  openaiModeration({ baseURL: server.url, apiKey: (tenant) => (tenant === undefined ? undefined : KEYS[tenant]) });
const keysSent = () => server.moderationRequests.map(({ headers }) => headers['authorization']);

describe('a key for each tenant', () => {
  test('goes with the texts of that tenant alone: neither a batch nor a verdict is shared', async () => {
    const guard = createGuard({ moderators: [byTenant()] });
    await Promise.all(['one', 'two', 'one'].map((tenant) => guard.with({ tenant }).check('The same text.')));
    await guard.with({ tenant: 'two' }).check('The same text.');
    expect(new Set(keysSent())).toEqual(new Set(['Bearer sk-canary-1', 'Bearer sk-canary-2']));
    expect(server.moderated).toEqual(['The same text.', 'The same text.']);
  });

  test('may come later, as a promise', async () => {
    const moderator = openaiModeration({
      baseURL: server.url,
      apiKey: async (tenant) => `sk-of-${tenant ?? 'nobody'}`,
    });
    await createGuard({ moderators: [moderator] })
      .with({ tenant: 'one' })
      .check('hello');
    expect(keysSent()).toEqual(['Bearer sk-of-one']);
  });

  test.each<[string, () => string | undefined]>([
    ['is not there', () => undefined],
    ['is empty', () => ' '],
    ['cannot be sent', () => 'sk\ncanary'],
    [
      'cannot be found',
      () => {
        throw new Error('sk-canary');
      },
    ],
  ])('that %s is a failure that will not pass, said without the key, and nothing is sent', async (_, apiKey) => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const guard = createGuard({ moderators: [openaiModeration({ baseURL: server.url, apiKey })] });
    const decision = await guard.check('hello');
    expect(decision).toMatchObject({ action: 'block', unchecked: [{ reason: 'failed' }] });
    expect(decision.verdicts).toMatchObject([{ reason: 'denied', detail: expect.stringContaining('no key for this') }]);
    expect(JSON.stringify([decision, error.mock.calls])).not.toContain('canary');
    expect(server.requests).toEqual([]);
  });

  test('a breaker that opens for one tenant stays closed for another', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const guard = createGuard({ moderators: [byTenant()], moderation: { breaker: { failures: 1 }, retries: 0 } });
    server.fault('moderation', { kind: 'status', status: 401 }, { times: 1 });
    expect((await guard.with({ tenant: 'one' }).check('a')).action).toBe('block');
    expect((await guard.with({ tenant: 'one' }).check('b')).action).toBe('block');
    expect((await guard.with({ tenant: 'two' }).check('c')).action).toBe('allow');
    expect(keysSent()).toEqual(['Bearer sk-canary-1', 'Bearer sk-canary-2']);
  });

  test('a quota that one tenant has used up is whole for another', async () => {
    const quota = { requests: 1 };
    const guard = createGuard({ moderators: [byTenant()], moderation: { quota, deadline: 100 } });
    const actionFor = async (tenant: string, text: string) => (await guard.with({ tenant }).check(text)).action;
    expect([await actionFor('one', 'a'), await actionFor('one', 'b'), await actionFor('two', 'c')]).toEqual([
      'allow',
      'block',
      'allow',
    ]);
  });

  test('the empty tenant is not the same as none', () => {
    const { partition } = byTenant();
    expect(partition?.({})).not.toBe(partition?.({ tenant: '' }));
    expect(openaiModeration({ baseURL: server.url }).partition).toBeUndefined();
  });
});

describe('the model', () => {
  test('that is named is the one that is asked for', async () => {
    const moderator = openaiModeration({ baseURL: server.url, model: 'omni-moderation-2024-09-26' });
    await createGuard({ moderators: [moderator] }).check('hello');
    expect(server.moderationRequests[0]?.body.model).toBe('omni-moderation-2024-09-26');
    expect(moderator.revision).toContain('omni-moderation-2024-09-26');
  });

  test('that answers is told when it is another than last time', async () => {
    const guard = createGuard({ moderators: [openaiModeration({ baseURL: server.url })] });
    const changes: Events['model-changed'][] = [];
    guard.on('model-changed', (event) => changes.push(event));
    for (const model of ['omni-1', 'omni-1', 'omni-2', 'omni-2']) {
      server.setModeration(() => ({ model }));
      await guard.check(`${model} ${server.requests.length}`);
    }
    expect(changes).toEqual([{ moderator: 'openai-moderation', from: 'omni-1', to: 'omni-2' }]);
  });

  test.each(['text-moderation-latest', 'text-moderation-stable', 'text-moderation-007'])(
    '%s was retired by OpenAI: an error at construction that names it; a gateway may still serve it',
    async (model) => {
      const make = () => openaiModeration({ apiKey: 'sk-x', baseURL: 'https://api.openai.com/v1', model });
      expect(make).toThrow(`openaiModeration.model names ${model}, which OpenAI retired in 2025`);
      expect(make).toThrow(expect.toSatisfy(isConfigurationError));
      const gateway = openaiModeration({ baseURL: server.url, model });
      expect((await createGuard({ moderators: [gateway] }).check('hello')).action).toBe('allow');
    },
  );

  test('that the server has no longer is one sentence on the console, and no endless failing', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    server.fault('moderation', { kind: 'status', status: 404 });
    const guard = createGuard({ moderators: [openaiModeration({ baseURL: server.url, model: 'gone-1' })] });
    for (let index = 0; index < 20; index += 1) await guard.check(`text ${index}`);
    expect(error.mock.calls.map(String)).toEqual([expect.stringContaining('There is no model gone-1')]);
    expect(server.requests).toHaveLength(5);
  });
});
