import { createGuard, reject, type Guard } from '@chaperone/core';
import { fakeModerator, startServer, type FakeModerator } from '@chaperone/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardFetch, guardOpenAI } from '../src/index.ts';
import OpenAI7, { AzureOpenAI as Azure7 } from 'openai';
import OpenAI5, { AzureOpenAI as Azure5 } from 'openai-5';
import OpenAI6, { AzureOpenAI as Azure6 } from 'openai-6';
import { SDKS } from './support/sdks.ts';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

const PARAMS = { model: 'gpt-test', messages: [{ role: 'user' as const, content: 'Hello' }] };

function guarding(): { readonly guard: Guard; readonly moderator: FakeModerator } {
  const moderator = fakeModerator({ flags: { zorp: 'odd' } });
  return { guard: createGuard({ moderators: [moderator], fallback: reject() }), moderator };
}

async function nameOfError(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.constructor.name : 'no error';
  }
}

describe.for(SDKS)('A guarded client of openai $version', ({ OpenAI, AzureOpenAI }) => {
  const client = new OpenAI({ apiKey: 'test', baseURL: server.url });

  test('asks its function for the key of each call', async () => {
    const keys = ['one', 'two'];
    const inner = new OpenAI({ apiKey: async () => keys.shift() ?? 'none', baseURL: server.url });
    const openai = guardOpenAI(inner, guarding().guard);
    await openai.chat.completions.create(PARAMS);
    await openai.chat.completions.create({ ...PARAMS, messages: [{ role: 'user', content: 'Again' }] });
    expect(server.chatRequests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer two']);
  });

  test("keeps what is Azure's: version, deployment and tokens", async () => {
    const baseURL = `${server.url}/openai`;
    const azure = new AzureOpenAI({
      apiVersion: '2025-04-01',
      deployment: 'mine',
      baseURL,
      azureADTokenProvider: async () => 'token',
    });
    await guardOpenAI(azure, guarding().guard).chat.completions.create(PARAMS);
    expect(server.chatRequests[0]).toMatchObject({
      path: expect.stringMatching(/\/openai\/deployments\/mine\/chat\/completions\?api-version=2025-04-01$/),
      headers: { authorization: 'Bearer token' },
    });
  });

  test('tries again when upstream says 429, and has nothing judged a second time', async () => {
    server.fault('chat', { kind: 'status', status: 429, headers: { 'retry-after-ms': '5' } }, { times: 2 });
    const { guard, moderator } = guarding();
    await guardOpenAI(client, guard).chat.completions.create(PARAMS);
    expect(server.chatRequests).toHaveLength(3);
    expect(moderator.texts.filter((text) => text === 'Hello')).toHaveLength(1);
  });

  test('gives up where upstream says that another attempt is of no use', async () => {
    server.fault('chat', { kind: 'status', status: 500, headers: { 'x-should-retry': 'false' } });
    await expect(guardOpenAI(client, guarding().guard).chat.completions.create(PARAMS)).rejects.toMatchObject({
      status: 500,
    });
    expect(server.chatRequests).toHaveLength(1);
  });

  test('shows request ids and the headers of limits', async () => {
    const answering: typeof globalThis.fetch = async (...args) => {
      const response = await globalThis.fetch(...args);
      const headers = {
        ...Object.fromEntries(response.headers),
        'x-request-id': 'req_1',
        'x-ratelimit-remaining-requests': '7',
      };
      return new Response(response.body, { headers });
    };
    const openai = guardOpenAI(new OpenAI({ apiKey: 'test', baseURL: server.url, fetch: answering }), guarding().guard);
    const { data, response, request_id } = await openai.chat.completions.create(PARAMS).withResponse();
    expect([Reflect.get(data, '_request_id'), request_id]).toEqual(['req_1', 'req_1']);
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('7');
    const streamed = await openai.chat.completions.create({ ...PARAMS, stream: true }).asResponse();
    expect(streamed.headers.get('x-request-id')).toBe('req_1');
    await streamed.body?.cancel();
  });

  test('times out as before, and aborts as before, upstream too', async () => {
    server.setTiming({ reply: 5_000, firstToken: 5_000 });
    const openai = guardOpenAI(client, guarding().guard);
    const timed = openai.chat.completions.create(PARAMS, { timeout: 40, maxRetries: 0 });
    await expect(nameOfError(timed)).resolves.toBe('APIConnectionTimeoutError');
    const controller = new AbortController();
    const aborted = openai.chat.completions.create(PARAMS, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(nameOfError(aborted)).resolves.toBe('APIUserAbortError');
    await expect.poll(() => server.chatRequests.every((request) => request.aborted), { interval: 2 }).toBe(true);
  });

  test('is one for the browser where that was allowed', async () => {
    const browser = new OpenAI({ apiKey: 'test', baseURL: server.url, dangerouslyAllowBrowser: true });
    const openai = guardOpenAI(browser, guarding().guard);
    expect((await openai.chat.completions.create(PARAMS)).choices).toHaveLength(1);
  });

  test('is the same as one that is made with a guarded fetch', async () => {
    const { guard } = guarding();
    const openai = new OpenAI({ apiKey: 'test', baseURL: server.url, fetch: guardFetch(undefined, guard) });
    const { choices } = await openai.chat.completions.create({
      ...PARAMS,
      messages: [{ role: 'user', content: 'zorp' }],
    });
    expect(choices[0]?.finish_reason).toBe('content_filter');
    expect(server.chatRequests).toEqual([]);
  });
});

test('A guarded client is of the type that it was, under every version', () => {
  const { guard } = guarding();
  const options = { apiKey: 'test', baseURL: server.url };
  const azure = { apiKey: 'test', apiVersion: '2025-04-01', baseURL: server.url };
  const clients: [OpenAI7, OpenAI6, OpenAI5, Azure7, Azure6, Azure5] = [
    guardOpenAI(new OpenAI7(options), guard),
    guardOpenAI(new OpenAI6(options), guard),
    guardOpenAI(new OpenAI5(options), guard),
    guardOpenAI(new Azure7(azure), guard),
    guardOpenAI(new Azure6(azure), guard),
    guardOpenAI(new Azure5(azure), guard),
  ];
  const classes = [OpenAI7, OpenAI6, OpenAI5, Azure7, Azure6, Azure5];
  expect(clients.map((client, at) => client instanceof (classes[at] ?? Error))).toEqual(classes.map(() => true));
});
