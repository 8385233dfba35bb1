import {
  clear,
  createGuard,
  firstAvailable,
  flag,
  isConfigurationError,
  type Guard,
  type Moderator,
} from '@chaperone/core';
import { httpModeration, openaiModeration } from '@chaperone/moderators';
import { fakeModerator, testModerator } from '@chaperone/testing';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveModeration, type ServeModerationOptions } from '../src/index.ts';
import { serve, type Served } from './serve.ts';

const KEY = 'key-canary-9';
const MESSAGE = 'Your content violates our usage policy.';
const images = { kinds: ['text', 'image', 'tool-output'] } as const;
const moderatorOf = () =>
  fakeModerator({
    flags: { zorp: 'violence', blarg: 'hate' },
    scores: (text) => ({ violence: text.includes('zorp') ? 0.9 : 0.1 }),
    model: 'served-1',
    ...images,
  });
const guardOf = (moderator: Moderator = moderatorOf()): Guard =>
  createGuard({ moderators: [moderator], message: MESSAGE });

const handlerOf = (options: Partial<ServeModerationOptions> = {}, guard = guardOf()) =>
  serveModeration(guard, { authorize: KEY, ...options });
const post = (
  path: string,
  body: unknown,
  headers: { readonly [name: string]: string } = { authorization: `Bearer ${KEY}` },
) =>
  new Request(`https://guard.test${path}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
async function answerTo(path: string, body: unknown, handler = handlerOf()): Promise<unknown> {
  const response = await handler(post(path, body));
  expect(response.status).toBe(200);
  return response.json();
}

describe('the custom extension contract', () => {
  const request = (stage: string, text: string) => ({
    point: `agent.moderation.${stage}`,
    params: {
      agent_id: 'agent_123',
      query: [
        { type: 'text', text },
        { type: 'image', url: 'https://example.test/picture.png' },
      ],
    },
  });

  test.each(['input', 'output'])('is answered at the %s', async (stage) => {
    expect(await answerTo('/any', request(stage, 'Hello, who are you?'))).toEqual({
      flagged: false,
      preset_response: '',
    });
    expect(await answerTo('/any', request(stage, 'a zorp'))).toEqual({ flagged: true, preset_response: MESSAGE });
  });

  test('is not answered where nobody judged something, though the policy lets it pass: 503', async () => {
    const handler = handlerOf({}, guardOf(fakeModerator({ flags: { zorp: 'violence' } })));
    expect((await handler(post('/any', request('input', 'Hello')))).status).toBe(503);
    expect(await answerTo('/any', request('input', 'a zorp'), handler)).toMatchObject({ flagged: true });
    const off = handlerOf({}, createGuard({ moderators: [moderatorOf()], enabled: false }));
    expect((await off(post('/any', request('input', 'a zorp')))).status).toBe(503);
  });

  test('has its images judged', async () => {
    const body = {
      point: 'agent.moderation.input',
      params: { query: [{ type: 'image', url: 'https://example.test/zorp.png' }] },
    };
    expect(await answerTo('/any', body)).toMatchObject({ flagged: true });
  });
});

describe("Dify's form", () => {
  test('answers its ping', async () => {
    expect(await answerTo('/any', { point: 'ping' })).toEqual({ result: 'pong' });
  });

  test.each<[string, object, boolean]>([
    [
      'a query',
      { point: 'app.moderation.input', params: { app_id: '61248ab4', inputs: { var_1: 'I' }, query: 'Hello' } },
      false,
    ],
    [
      'a flagged query',
      { point: 'app.moderation.input', params: { app_id: '61248ab4', inputs: {}, query: 'a zorp' } },
      true,
    ],
    ['no query', { point: 'app.moderation.input', params: { app_id: '61248ab4', inputs: {}, query: null } }, false],
    [
      'a flagged input',
      { point: 'app.moderation.input', params: { inputs: { a: 1, b: { c: ['a zorp'] } }, query: 'Hello' } },
      true,
    ],
    [
      'an output',
      { point: 'app.moderation.output', params: { app_id: '61248ab4', text: 'I am an assistant.' } },
      false,
    ],
    ['a flagged output', { point: 'app.moderation.output', params: { app_id: '61248ab4', text: 'a zorp' } }, true],
  ])('is answered: %s', async (_, body, flagged) => {
    expect(await answerTo('/any', body)).toEqual({
      flagged,
      action: 'direct_output',
      preset_response: flagged ? MESSAGE : '',
    });
  });
});

describe("LiteLLM's generic guardrail", () => {
  const path = '/guard/beta/litellm_basic_guardrail_api';
  const request = (more: object) => ({ texts: ['Hello'], input_type: 'request', litellm_call_id: 'call-1', ...more });

  test.each<[string, object, object]>([
    ['clear', {}, { action: 'NONE' }],
    ['flagged', { texts: ['Hello', 'a zorp'] }, { action: 'BLOCKED', blocked_reason: MESSAGE }],
    [
      'flagged, of a response',
      { texts: ['a zorp'], input_type: 'response' },
      { action: 'BLOCKED', blocked_reason: MESSAGE },
    ],
    ['a flagged image', { images: ['https://example.test/zorp.png'] }, { action: 'BLOCKED', blocked_reason: MESSAGE }],
    ['images alone, in base64', { texts: null, images: ['iVBORwE='] }, { action: 'NONE' }],
  ])('is answered: %s', async (_, more, answer) => {
    expect(await answerTo(path, request(more))).toEqual(answer);
  });

  const call = { id: '1', type: 'function', function: { name: 'find', arguments: '{"what":"a zorp"}' } };
  const image = { type: 'image_url', image_url: { url: 'https://example.test/zorp.png' } };
  test.each<[string, object]>([
    ['a tool call', { texts: [], tool_calls: [call] }],
    ['the name of a tool', { texts: null, tool_calls: [{ function: { name: 'zorp', arguments: null } }] }],
    ['a tool call of another form', { texts: [], tool_calls: [{ type: 'custom', custom: { input: 'a zorp' } }] }],
    ['a message', { texts: null, structured_messages: [{ role: 'user', content: 'a zorp' }] }],
    ['a part of a message', { texts: [], structured_messages: [{ content: [{ type: 'text', text: 'a zorp' }] }] }],
    ['an image of a message', { texts: [''], structured_messages: [{ content: [image] }] }],
    ['a tool call of a message', { texts: [], structured_messages: [{ content: null, tool_calls: [call] }] }],
  ])('has judged where there are no texts: %s', async (_, more) => {
    expect(await answerTo(path, request(more))).toEqual({ action: 'BLOCKED', blocked_reason: MESSAGE });
  });

  test('has the tool calls beside the texts judged too, and the messages not again', async () => {
    expect(await answerTo(path, request({ tool_calls: [call] }))).toMatchObject({ action: 'BLOCKED' });
    const structured_messages = [{ content: 'Speak of no zorp.' }, { content: [{ type: 'input_audio' }] }];
    expect(await answerTo(path, request({ structured_messages }))).toEqual({ action: 'NONE' });
    expect((await handlerOf()(post(path, request({ texts: [], structured_messages })))).status).toBe(400);
  });

  test('lets in by x-api-key', async () => {
    const response = await handlerOf()(post(path, request({}), { 'x-api-key': KEY }));
    expect(response.status).toBe(200);
  });
});

describe('over real HTTP', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(handlerOf());
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test('the real openai client moderates a text, several texts and parts', async () => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${served.url}/v1`, maxRetries: 0 });
    const one = await client.moderations.create({ input: 'a zorp' });
    expect(one.model).toBe('served-1');
    expect(one.results).toMatchObject([
      { flagged: true, categories: { violence: true, hate: false }, category_scores: { violence: 0.9, hate: 0 } },
    ]);
    const many = await client.moderations.create({
      input: Array.from({ length: 100 }, (_, at) => (at % 3 === 0 ? `${at} blarg` : `${at}`)),
    });
    expect(many.results.map(({ flagged }) => flagged)).toEqual(Array.from({ length: 100 }, (_, at) => at % 3 === 0));
    const parts = await client.moderations.create({
      input: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'https://example.test/zorp.png' } },
      ],
    });
    expect(parts.results).toMatchObject([{ flagged: true }]);
  });

  test('the real openai client is told that its key is wrong', async () => {
    const client = new OpenAI({ apiKey: 'other', baseURL: `${served.url}/v1`, maxRetries: 0 });
    await expect(client.moderations.create({ input: 'x' })).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    });
  });

  describe('openaiModeration passes against it', () => {
    testModerator(() => openaiModeration({ baseURL: `${served.url}/v1`, apiKey: KEY }), {
      flagged: 'A zorp at dawn.',
      clear: 'A walk at dawn.',
      test,
    });
  });

  describe.each(['extension', 'dify'] as const)('httpModeration passes against it, %s', (contract) => {
    testModerator(() => httpModeration({ url: `${served.url}/check`, apiKey: KEY, contract }), {
      flagged: 'A zorp at dawn.',
      clear: 'A walk at dawn.',
      test,
    });
  });

  test('a hundred callers at once are each told their own', async () => {
    const ask = async (text: string): Promise<unknown> => {
      const response = await fetch(`${served.url}/v1/moderations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ input: text }),
      });
      return response.json();
    };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => ask(at % 2 === 0 ? `${at} zorp` : `${at}`)),
    );
    for (const [at, answer] of answers.entries())
      expect(answer).toMatchObject({ results: [{ flagged: at % 2 === 0 }] });
  });
});

describe('a caller', () => {
  const ask = async (options: Partial<ServeModerationOptions>, headers: { readonly [name: string]: string }) =>
    (await handlerOf(options)(post('/v1/moderations', { input: 'x' }, headers))).status;

  test.each<[string, { readonly [name: string]: string }]>([
    ['without a key', {}],
    ['with another key', { authorization: 'Bearer other' }],
    ['with the beginning of the key', { authorization: `Bearer ${KEY.slice(0, -1)}` }],
    ['with more than the key', { authorization: `Bearer ${KEY}1` }],
    ['with an empty key', { authorization: 'Bearer ' }],
    ['in another scheme', { authorization: `Basic ${KEY}` }],
    ['with an empty x-api-key', { 'x-api-key': '' }],
  ])('%s is not let in, and its body is not read', async (_, headers) => {
    expect(await ask({}, headers)).toBe(401);
  });

  test('with any of several keys is let in', async () => {
    const authorize = ['one', 'two'];
    expect(await ask({ authorize }, { authorization: 'Bearer two' })).toBe(200);
    expect(await ask({ authorize }, { authorization: 'bearer one' })).toBe(200);
    expect(await ask({ authorize }, { authorization: 'Bearer three' })).toBe(401);
  });

  test('may be known by a function, whose context the call has', async () => {
    const guard = guardOf();
    const tenants: unknown[] = [];
    guard.on('settled', ({ context }) => tenants.push(context.tenant));
    const handler = handlerOf(
      { authorize: async (key) => (key === 'sk-acme' ? { tenant: 'acme' } : undefined) },
      guard,
    );
    const statuses = [];
    for (const key of ['sk-acme', 'sk-other'])
      statuses.push(
        (await handler(post('/v1/moderations', { input: 'x' }, { authorization: `Bearer ${key}` }))).status,
      );
    expect([statuses, tenants]).toEqual([[200, 401], ['acme']]);
  });

  test('is not let in where the function fails', async () => {
    const authorize = (): never => {
      throw new Error('canary');
    };
    expect(await ask({ authorize }, { authorization: 'Bearer x' })).toBe(401);
  });
});

describe('what is malformed', () => {
  const extensionOf = (parts: number) => ({
    point: 'agent.moderation.input',
    params: { query: Array.from({ length: parts }, () => ({ type: 'text', text: 'x' })) },
  });
  const difyOf = (x: unknown) => ({ point: 'app.moderation.input', params: { inputs: { x }, query: 'x' } });
  const litellmOf = (more: object) => ({ input_type: 'request', ...more });

  test.each<[number, string, string, unknown]>([
    [400, 'no JSON', '/v1/moderations', '{"input":'],
    [400, 'an empty body', '/v1/moderations', ''],
    [400, 'no input', '/v1/moderations', {}],
    [400, 'an empty list', '/v1/moderations', { input: [] }],
    [400, 'too many inputs', '/v1/moderations', { input: Array.from({ length: 257 }, () => 'x') }],
    [400, 'mixed inputs', '/v1/moderations', { input: ['x', { type: 'text', text: 'y' }] }],
    [400, 'an image that is none', '/v1/moderations', { input: [{ type: 'image_url', image_url: { url: '§§' } }] }],
    [400, 'a point without params', '/any', { point: 'agent.moderation.input' }],
    [400, 'an unknown point', '/any', { point: 'app.moderation.sideways', params: {} }],
    [400, 'a query that is a text', '/any', { point: 'agent.moderation.input', params: { query: 'canary-text' } }],
    [400, 'too many parts', '/any', extensionOf(1_001)],
    [400, 'too many variables', '/any', difyOf(Array.from({ length: 1_001 }, () => 'x'))],
    [
      400,
      'variables that are nested too deeply',
      '/any',
      JSON.stringify(difyOf(0)).replace('0', `${'['.repeat(60_000)}${']'.repeat(60_000)}`),
    ],
    [
      400,
      'too many images',
      '/beta/litellm_basic_guardrail_api',
      litellmOf({ images: Array.from({ length: 1_001 }, () => 'a:') }),
    ],
    [400, 'nothing that can be read', '/beta/litellm_basic_guardrail_api', litellmOf({ texts: [], images: null })],
    [400, 'no input type', '/beta/litellm_basic_guardrail_api', { texts: ['x'] }],
    [404, 'no contract', '/any', { hello: 'canary-text' }],
    [404, 'null', '/any', 'null'],
  ])('%i: %s', async (status, _, path, body) => {
    const response = await handlerOf()(post(path, body));
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('canary');
  });

  test('another method than POST', async () => {
    const response = await handlerOf()(new Request('https://guard.test/v1/moderations'));
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a body that is too large, whether it says so or not, and read no further', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000).fill(32));
      },
    });
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: endless,
      duplex: 'half',
    };
    const handler = handlerOf({ maxBytes: 10_000 });
    expect((await handler(new Request('https://guard.test/v1/moderations', init))).status).toBe(413);
    expect(pulled).toBeLessThan(20);
    expect((await handler(post('/v1/moderations', { input: 'a'.repeat(10_000) }))).status).toBe(413);
    expect((await handler(post('/v1/moderations', { input: 'a'.repeat(9_000) }))).status).toBe(200);
  });
});

test('A body that does not come in time is 408', async () => {
  let isCancelled = false;
  const stuck = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"input":')),
    cancel: () => void (isCancelled = true),
  });
  const init: RequestInit & { duplex: 'half' } = {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: stuck,
    duplex: 'half',
  };
  const response = await handlerOf({ readDeadline: 30 })(new Request('https://guard.test/v1/moderations', init));
  expect([response.status, isCancelled]).toEqual([408, true]);
});

describe('what nobody has judged is no result of the OpenAI contract', () => {
  const picture = { type: 'image_url', image_url: { url: 'https://example.test/lake.png' } };
  const words = fakeModerator({ name: 'words', categories: ['hate'], flags: { zorp: 'hate' } });
  const pictures = fakeModerator({
    name: 'pictures',
    categories: ['gore'],
    kinds: ['image'],
    scores: () => ({ gore: 0.1 }),
  });
  const statusOf = async (guard: Guard, input: unknown): Promise<number> =>
    (await handlerOf({}, guard)(post('/v1/moderations', { input }))).status;

  test('503 where an image has no moderator, alone or beside a text, and where the guard is off', async () => {
    expect(await statusOf(guardOf(words), [picture])).toBe(503);
    expect(await statusOf(guardOf(words), [{ type: 'text', text: 'Hi' }, picture])).toBe(503);
    expect(await statusOf(guardOf(words), [{ type: 'text', text: 'a zorp' }, picture])).toBe(200);
    expect(await statusOf(createGuard({ moderators: [words], enabled: false }), 'a zorp')).toBe(503);
  });

  test('each category says what it was judged on; one that was not has no score', async () => {
    const handler = handlerOf({}, createGuard({ moderators: [words, pictures] }));
    const resultOf = async (input: unknown): Promise<unknown> => answerTo('/v1/moderations', { input }, handler);
    expect(await resultOf([{ type: 'text', text: 'Hi' }, picture])).toMatchObject({
      results: [{ flagged: false, category_applied_input_types: { hate: ['text'], gore: ['image'] } }],
    });
    expect(await resultOf('Hi')).toMatchObject({
      results: [
        {
          categories: { hate: false, gore: false },
          category_scores: { hate: 0 },
          category_applied_input_types: { hate: ['text'], gore: [] },
        },
      ],
    });
    expect(JSON.stringify(await resultOf('Hi'))).not.toContain('"gore":0');
  });

  test('a guard whose moderators name no category has one all the same, so that it can be told what it was judged on', async () => {
    const nameless = fakeModerator({ fails: () => [clear()] });
    const answer = await answerTo('/v1/moderations', { input: 'Hi' }, handlerOf({}, guardOf(nameless)));
    expect(answer).toMatchObject({
      results: [{ categories: { flagged: false }, category_applied_input_types: { flagged: ['text'] } }],
    });
    nameless.fail(() => [flag()]);
    expect(await answerTo('/v1/moderations', { input: 'zorp' }, handlerOf({}, guardOf(nameless)))).toMatchObject({
      results: [{ flagged: true, categories: { flagged: true }, category_scores: { flagged: 1 } }],
    });
  });

  test('where a moderator is made of others, categories are judged by those that were asked', async () => {
    const others = fakeModerator({ name: 'others', categories: ['spam'] });
    const handler = handlerOf({}, createGuard({ moderators: [firstAvailable([words, others])] }));
    expect(await answerTo('/v1/moderations', { input: 'Hi' }, handler)).toMatchObject({
      results: [{ category_applied_input_types: { hate: ['text'], spam: [] } }],
    });
  });

  test('openaiModeration and httpModeration in front of it say that it has failed', async () => {
    await using served = await serve(handlerOf({}, guardOf(words)));
    const lake = new URL('https://example.test/lake.png');
    for (const moderator of [
      openaiModeration({ baseURL: `${served.url}/v1`, apiKey: KEY }),
      httpModeration({ url: `${served.url}/check`, apiKey: KEY }),
    ]) {
      const decision = await createGuard({ moderators: [moderator], moderation: { retries: 0 } }).check(lake);
      expect(decision).toMatchObject({ action: 'block', unchecked: [{ reason: 'failed' }] });
    }
  });
});

describe('what could not be checked', () => {
  const broken = () => guardOf(fakeModerator({ fails: 'denied' }));

  test('is flagged in the words of an outage, where a caller may let errors pass', async () => {
    const handler = handlerOf({}, broken());
    const outage = expect.stringMatching(/safety check did not work/);
    const query = { point: 'agent.moderation.input', params: { query: [{ type: 'text', text: 'x' }] } };
    expect(await answerTo('/any', query, handler)).toEqual({ flagged: true, preset_response: outage });
    expect(
      await answerTo('/beta/litellm_basic_guardrail_api', { texts: ['x'], input_type: 'request' }, handler),
    ).toEqual({
      action: 'BLOCKED',
      blocked_reason: outage,
    });
  });

  test('is no result of the OpenAI contract: 503', async () => {
    expect((await handlerOf({}, broken())(post('/v1/moderations', { input: ['x', 'y'] }))).status).toBe(503);
  });
});

test.each<[string, object]>([
  ['no key', {}],
  ['an empty key', { authorize: '' }],
  ['no keys', { authorize: [] }],
  ['a key with a space', { authorize: 'a b' }],
  ['a misspelt option', { authorize: KEY, maxbytes: 5 }],
])('It is not made with %s', (_, options) => {
  expect(() => serveModeration(guardOf(), options as ServeModerationOptions)).toThrow(
    expect.toSatisfy(isConfigurationError),
  );
});
