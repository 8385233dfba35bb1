import {
  ConfigurationError,
  createGuard,
  log,
  reject,
  retry,
  type CallContext,
  type Events,
  type Guard,
  type GuardOptions,
} from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import OpenAI, {
  APIUserAbortError,
  AzureOpenAI,
  BadRequestError,
  InternalServerError,
  type ClientOptions,
} from 'openai';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { guardFetch, guardOpenAI, type GuardFetchOptions } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';
const server = await startServer();
const url = `${server.url}/chat/completions`;
afterAll(() => server.close());
beforeEach(() => server.reset());
afterEach(() => vi.unstubAllGlobals());

type Settings = Omit<GuardOptions, 'moderators' | 'policy'>;
const moderatorOf = () =>
  fakeModerator({ flags: { [MARKER]: 'odd' }, scores: (text) => ({ odd: text.includes('hm') ? 0.5 : 0 }) });
const guardOf = (options: Settings = {}, moderator = moderatorOf()): Guard =>
  createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }), ...options });
const clientOf = (guard: Guard, options?: GuardFetchOptions, client: ClientOptions = {}): OpenAI =>
  guardOpenAI(new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 2, ...client }), guard, options);

const bodyOf = (content: string, more: object = {}): string =>
  JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content }], ...more });
const post = (content: string, more: object = {}): RequestInit => ({ method: 'POST', body: bodyOf(content, more) });
const userSays = (content: string) => ({ model: 'gpt-test', messages: [{ role: 'user' as const, content }] });

function settlementsOf(guard: Guard): Events['settled'][] {
  const settled: Events['settled'][] = [];
  guard.on('settled', (event) => settled.push(event));
  return settled;
}

describe('several choices', () => {
  const choices = ['A calm day.', `A calm ${MARKER}.`, 'A calm night.'];

  test('of a reply only the flagged one is refused', async () => {
    server.setChat({ choices });
    const { choices: given } = await clientOf(guardOf()).chat.completions.create({
      ...userSays('Hello'),
      n: 3,
      logprobs: true,
    });
    expect(given.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ['A calm day.', 'stop'],
      [REFUSED, 'content_filter'],
      ['A calm night.', 'stop'],
    ]);
    expect(JSON.stringify(given)).not.toContain(MARKER);
    expect(given.map(({ logprobs }) => logprobs === null)).toEqual([false, true, false]);
  });

  test('of a stream only the flagged one is refused, and the stream ends as upstream ends it', async () => {
    server.setChat({ choices });
    const stream = clientOf(guardOf()).chat.completions.stream({ ...userSays('Hello'), n: 3, logprobs: true });
    const chunks: unknown[] = [];
    stream.on('chunk', (chunk) => chunks.push(chunk));
    const { choices: given } = await stream.finalChatCompletion();
    expect(given.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ['A calm day.', 'stop'],
      [REFUSED, 'content_filter'],
      ['A calm night.', 'stop'],
    ]);
    expect(JSON.stringify(chunks)).not.toContain(MARKER);
    expect(JSON.stringify(chunks)).toContain('"chaperone":{"decision":"dec_');
  });
});

describe('what a refusal looks like on the wire', () => {
  test('a reply: the decision in the body and in the headers', async () => {
    const response = await guardFetch(fetch, guardOf())(url, post(MARKER));
    const decision = response.headers.get('x-chaperone-decision');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/json',
      'x-chaperone-action': 'block',
      'x-chaperone-decision': expect.stringMatching(/^dec_/),
      'x-should-retry': 'false',
    });
    expect(await response.json()).toMatchObject({ chaperone: { decision, stage: 'input', action: 'block' } });
  });

  test('a refused output keeps upstream’s headers, and not those of its bytes', async () => {
    server.setChat(MARKER);
    const response = await guardFetch(fetch, guardOf())(url, post('Hello'));
    expect(response.headers.get('x-request-id')).toBe('req_1');
    expect(response.headers.get('content-length')).toBeNull();
    expect(response.headers.get('x-chaperone-action')).toBe('block');
    expect(await response.json()).toMatchObject({ id: 'chatcmpl-1', chaperone: { stage: 'output' } });
  });

  test('a stream: message, end, usage where it was asked for, and the end mark', async () => {
    const guarded = guardFetch(fetch, guardOf());
    const response = await guarded(url, post(MARKER, { stream: true, stream_options: { include_usage: true } }));
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('x-chaperone-action')).toBe('block');
    const events = (await response.text())
      .trimEnd()
      .split('\n\n')
      .map((event) => event.slice('data: '.length));
    expect(events.pop()).toBe('[DONE]');
    expect(events.map((event): unknown => JSON.parse(event))).toMatchObject([
      { choices: [{ delta: { role: 'assistant', content: REFUSED }, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: 'content_filter' }], chaperone: { stage: 'input', action: 'block' } },
      { choices: [], usage: { total_tokens: 0 } },
    ]);
  });

  test.for([false, true])('as an error (stream: %j): 400, asked once, upstream never', async (stream) => {
    const moderator = moderatorOf();
    const openai = clientOf(guardOf({}, moderator), { as: 'error' });
    const error: unknown = await openai.chat.completions
      .create({ ...userSays(MARKER), stream })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      code: 'content_filter',
      type: 'invalid_request_error',
      param: 'messages',
      error: { message: REFUSED, chaperone: { stage: 'input', action: 'block' } },
    });
    expect(moderator.texts).toEqual([MARKER]);
    expect(server.requests).toEqual([]);
  });

  test.for([false, true])('what could not be checked, as an error (stream: %j): 503, asked once', async (stream) => {
    const moderator = moderatorOf();
    moderator.fail('denied');
    const guard = guardOf({}, moderator);
    const settled = settlementsOf(guard);
    const error: unknown = await clientOf(guard, { as: 'error' })
      .chat.completions.create({ ...userSays('Hello'), stream })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 503, code: 'content_unchecked', type: 'server_error' });
    expect(error).toHaveProperty(
      'headers',
      expect.toSatisfy((headers: Headers) => headers.get('x-chaperone-unchecked') === 'failed'),
    );
    expect(settled).toMatchObject([{ delivery: 'refused' }]);
    expect(server.requests).toEqual([]);
  });

  test('a blocked reply is a completion, whatever a blocked input is', async () => {
    server.setChat(MARKER);
    const { choices } = await clientOf(guardOf(), { as: 'error' }).chat.completions.create(userSays('Hello'));
    expect(choices).toMatchObject([{ message: { content: REFUSED }, finish_reason: 'content_filter' }]);
  });
});

describe('what is released', () => {
  test('is the very response of the inner fetch, for the caller’s own bytes', async () => {
    const given: Response[] = [];
    const sent: unknown[] = [];
    const inner: typeof fetch = async (...args) => {
      sent.push(args[1]?.body);
      const response = await fetch(...args);
      given.push(response);
      return response;
    };
    const body = `  ${bodyOf('Hello', { temperature: 1 })}\n`;
    const response = await guardFetch(inner, guardOf())(url, { method: 'POST', body });
    expect(response).toBe(given[0]);
    expect(sent).toEqual([body]);
    expect(response.url).toBe(url);
    expect(await response.json()).toMatchObject({ id: 'chatcmpl-1' });
  });

  test.for(['warn', 'review'] as const)('says so in headers where it was not clean (%s)', async (action) => {
    const guard = createGuard({ moderators: [moderatorOf()], policy: { categories: { odd: { [action]: 0.5 } } } });
    for (const stream of [false, true]) {
      const response = await guardFetch(fetch, guard)(url, post('hm', { stream }));
      expect(response.headers.get('x-chaperone-action')).toBe(action);
      expect(response.headers.get('x-chaperone-decision')).toMatch(/^dec_/);
      expect(response.headers.get('x-should-retry')).toBeNull();
      expect(await response.text()).toContain('chatcmpl-');
    }
  });

  test('says in headers what was not checked', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }];
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });
    const response = await guardFetch(fetch, guardOf())(url, { method: 'POST', body });
    expect(response.headers.get('x-chaperone-unchecked')).toBe('unsupported');
    expect(response.headers.get('x-chaperone-action')).toBeNull();
  });

  test('with log(): the bytes and headers of an unguarded call', async () => {
    server.setChat(MARKER);
    const plain = await fetch(url, post('Hello', { stream: true }));
    const text = await plain.text();
    server.reset();
    server.setChat(MARKER);
    const logger = { warn: vi.fn<(line: string) => void>() };
    const guard = guardOf({ fallback: log({ logger }) });
    const response = await guardFetch(fetch, guard)(url, post('Hello', { stream: true }));
    expect(await response.text()).toBe(text);
    const headers = (of: Response): string[] =>
      [...of.headers.keys()].filter((name) => !['date', 'transfer-encoding'].includes(name));
    expect(headers(response)).toEqual(headers(plain));
    await guard.idle();
    expect(logger.warn).toHaveBeenCalledOnce();
  });

  test('of older turns: what the policy blocks never reaches the model again', async () => {
    const messages = [
      { role: 'user', content: MARKER },
      { role: 'assistant', content: REFUSED },
      { role: 'user', content: 'Hello' },
    ];
    const body = JSON.stringify({ model: 'm', messages });
    const headers = { 'content-length': String(body.length), 'x-mine': '1' };
    const guarded = guardFetch(fetch, guardOf());
    await guarded(url, { method: 'POST', body, headers });
    expect(JSON.stringify(server.chatRequests[0]?.body)).not.toMatch(new RegExp(`${MARKER}|${REFUSED}`));
    expect(server.chatRequests[0]).toMatchObject({
      headers: { 'x-mine': '1' },
      body: { messages: [{}, {}, { content: 'Hello' }] },
    });

    const signed = await guarded(url, { method: 'POST', body, headers: { 'x-amz-content-sha256': 'abc' } });
    expect(signed.headers.get('x-chaperone-action')).toBe('block');
    expect(server.chatRequests).toHaveLength(1);
  });
});

describe('paths', () => {
  test.for([
    'http://127.0.0.1:9/v1/embeddings',
    'http://127.0.0.1:9/v1/audio/speech',
    new URL('http://127.0.0.1:9/v1/audio/translations'),
  ])('%s passes untouched', async (input) => {
    const answer = new Response('as it is');
    const inner = vi.fn<typeof fetch>(async () => answer);
    const init = post(MARKER);
    expect(await guardFetch(inner, guardOf())(input, init)).toBe(answer);
    expect(inner.mock.calls).toEqual([[input, init]]);
    expect(inner.mock.calls[0]?.[1]).toBe(init);
  });

  test('reading stored completions passes untouched', async () => {
    const inner = vi.fn<typeof fetch>(async () => new Response());
    await guardFetch(inner, guardOf())(url);
    expect(inner.mock.calls).toEqual([[url]]);
  });

  test.for([
    '/v1/chat/completions/',
    '/v1//chat/completions',
    '/V1/Chat/Completions',
    '/openai/deployments/x/chat/completions?api-version=1',
  ])('%s is guarded', async (path) => {
    const inner = vi.fn<typeof fetch>();
    const response = await guardFetch(inner, guardOf())(`http://127.0.0.1:9${path}`, post(MARKER));
    expect(response.headers.get('x-chaperone-action')).toBe('block');
    expect(inner).not.toHaveBeenCalled();
  });

  test("with unknownPaths: 'refuse' what nobody guards is refused, once, and what holds no answer passes", async () => {
    const inner = vi.fn<typeof fetch>(async () => Response.json({ data: [] }));
    const openai = clientOf(guardOf(), { unknownPaths: 'refuse' }, { fetch: inner });
    for (const call of [
      () => openai.audio.speech.create({ model: 'm', input: 'Hello', voice: 'alloy' }),
      () => openai.post('/something/new', { body: { text: 'Hello' } }),
    ])
      await expect(call()).rejects.toMatchObject({
        status: 400,
        code: 'unsupported_endpoint',
        type: 'invalid_request_error',
      });
    expect(inner).not.toHaveBeenCalled();
    await openai.models.list();
    expect(inner).toHaveBeenCalledOnce();
  });

  test('Azure: the client stays an AzureOpenAI, and is guarded', async () => {
    const azure = new AzureOpenAI({ apiKey: 'test', apiVersion: '2024-10-21', baseURL: `${server.url}/deployments/x` });
    const openai: AzureOpenAI = guardOpenAI(azure, guardOf());
    expect(openai).toBeInstanceOf(AzureOpenAI);
    const { choices } = await openai.chat.completions.create(userSays(MARKER));
    expect(choices[0]?.finish_reason).toBe('content_filter');
  });
});

describe('forms of a call', () => {
  const encoder = new TextEncoder();
  test.for([
    ['a string and an init', () => [url, post(MARKER)]],
    ['a URL', () => [new URL(url), post(MARKER)]],
    ['a Request', () => [new Request(url, post(MARKER))]],
    ['a Request with another body', () => [new Request(url, post('Hello')), { body: bodyOf(MARKER) }]],
    ['bytes', () => [url, { method: 'post', body: encoder.encode(bodyOf(MARKER)) }]],
    ['a stream', () => [url, { method: 'POST', body: new Blob([bodyOf(MARKER)]).stream(), duplex: 'half' }]],
  ] as [string, () => Parameters<typeof fetch>][])('%s is guarded', async ([, call]) => {
    const response = await guardFetch(fetch, guardOf())(...call());
    expect(await response.text()).toContain(REFUSED);
    expect(server.requests).toEqual([]);
  });

  test('a Request arrives as it was', async () => {
    const request = new Request(url, { ...post('Hello'), headers: { 'x-mine': '1' } });
    const response = await guardFetch(fetch, guardOf())(request);
    expect(await response.json()).toMatchObject({ id: 'chatcmpl-1' });
    expect(server.chatRequests).toMatchObject([
      { method: 'POST', headers: { 'x-mine': '1' }, body: userSays('Hello') },
    ]);
  });

  test.for([
    ['no body', {}],
    ['no JSON', { body: 'Hello' }],
    ['no object', { body: '["Hello"]' }],
    ['a form', { body: new FormData() }],
  ] as [string, RequestInit][])('%s is refused and not sent', async ([, init]) => {
    const inner = vi.fn<typeof fetch>();
    const response = await guardFetch(inner, guardOf())(url, { method: 'POST', ...init });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({
      error: { code: 'unreadable_request', type: 'invalid_request_error' },
    });
    expect(inner).not.toHaveBeenCalled();
  });

  test('no messages: nobody could check them', async () => {
    const response = await guardFetch(fetch, guardOf())(url, { method: 'POST', body: '{"model":"m"}' });
    expect(response.headers.get('x-chaperone-unchecked')).toBe('failed');
    expect(server.requests).toEqual([]);
  });

  test('the global fetch is looked up when it is called', async () => {
    const guarded = guardFetch(undefined, guardOf());
    const later = vi.fn<typeof fetch>(async () => new Response('later'));
    vi.stubGlobal('fetch', later);
    await guarded('http://127.0.0.1:9/v1/models');
    expect(later).toHaveBeenCalledOnce();
  });

  test('the context is read from the request', async () => {
    const guard = guardOf();
    const settled = settlementsOf(guard);
    const context = ({
      body,
      headers,
      url,
    }: {
      body: { readonly user?: unknown };
      headers: Headers;
      url: string;
    }): CallContext => ({
      user: String(body.user),
      tenant: headers.get('x-tenant') ?? '',
      conversation: url,
    });
    await guardFetch(fetch, guard, { context })(url, {
      ...post('Hello', { user: 'u1' }),
      headers: { 'x-tenant': 't1' },
    });
    expect(settled[0]?.context).toEqual({ user: 'u1', tenant: 't1', conversation: url });
  });
});

describe('upstream errors', () => {
  test.for([false, true])(
    'are the caller’s, and the client repeats them as without a guard (stream: %j)',
    async (stream) => {
      server.fault('chat', { kind: 'status', status: 500, headers: { 'retry-after-ms': '1' } });
      const guard = guardOf();
      const settled = settlementsOf(guard);
      const plain = new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 2 });
      const errors: unknown[] = [];
      for (const openai of [plain, clientOf(guard)]) {
        const call = openai.chat.completions.create({ ...userSays('Hello'), stream });
        await call.catch((error: unknown) => errors.push(error));
        expect(server.chatRequests).toHaveLength(3 * errors.length);
      }
      expect(errors[1]).toBeInstanceOf(InternalServerError);
      expect(String(errors[1])).toBe(String(errors[0]));
      expect(settled.map(({ delivery }) => delivery)).toEqual(['errored', 'errored', 'errored']);
    },
  );

  test('after a flagged attempt: the refusal', async () => {
    server.setChat(MARKER);
    const inner: typeof fetch = async (...args) => {
      if (server.chatRequests.length === 1) server.fault('chat', { kind: 'status', status: 500 });
      return fetch(...args);
    };
    const guard = guardOf({ output: { fallback: retry({ otherwise: reject({ message: REFUSED }) }) } });
    const openai = clientOf(guard, {}, { fetch: inner });
    const { choices } = await openai.chat.completions.create(userSays('Hello'));
    expect(choices[0]?.message.content).toBe(REFUSED);
    expect(server.chatRequests).toHaveLength(2);
  });

  test('what the inner fetch throws is thrown', async () => {
    const lost = new TypeError('lost');
    const guarded = guardFetch(async () => Promise.reject(lost), guardOf());
    await expect(guarded(url, post('Hello'))).rejects.toBe(lost);
    await expect(guarded(url, post('Hello', { stream: true }))).rejects.toBe(lost);
  });

  test('wrong-shape: a whole answer is refused, and of a stream what it says is judged', async () => {
    server.fault('chat', 'wrong-shape');
    const whole = await guardFetch(fetch, guardOf())(url, post('Hello'));
    expect(await whole.text()).not.toContain('another shape');
    const moderator = moderatorOf();
    const stream = await guardFetch(fetch, guardOf({}, moderator))(url, post('Hello', { stream: true }));
    expect(await stream.text()).toContain('another shape');
    expect(moderator.texts).toContain('This has another shape.');
  });

  test.for(['reset-in-body', 'truncated', 'malformed'] as const)(
    '%s: not a word that nobody has judged',
    async (fault) => {
      for (const stream of [false, true]) {
        server.reset();
        server.setChat(`It said ${MARKER} and more and more.`);
        server.fault('chat', fault);
        let text = '';
        const response = await guardFetch(fetch, guardOf())(url, post('Hello', { stream }));
        try {
          for await (const bytes of response.body ?? []) text += new TextDecoder().decode(bytes);
        } catch {
          expect(fault).toBe('reset-in-body');
        }
        expect(text).not.toMatch(/It said/);
        expect(server.chatRequests).toHaveLength(1);
      }
    },
  );

  test('a body that breaks off under the client: as often as without a guard', async () => {
    server.fault('chat', 'reset-in-body');
    const attempts: number[] = [];
    for (const openai of [new OpenAI({ apiKey: 'test', baseURL: server.url }), clientOf(guardOf())]) {
      await expect(openai.chat.completions.create(userSays('Hello'))).rejects.toThrow();
      attempts.push(server.requests.length);
    }
    expect(attempts[1]).toBe(2 * Number(attempts[0]));
  });
});

describe('retry', () => {
  test.for([false, true])(
    'at most three generations under the client’s own retries, usage added (stream: %j)',
    async (stream) => {
      server.setChat([
        { content: MARKER, usage: { inputTokens: 1, outputTokens: 10 } },
        { content: MARKER, usage: { inputTokens: 2, outputTokens: 20 } },
        { content: 'A calm day.', usage: { inputTokens: 3, outputTokens: 30 } },
      ]);
      const guard = guardOf({ output: { fallback: retry({ maxRetries: 2 }) } });
      const response = await guardFetch(fetch, guard)(
        url,
        post('Hello', { stream, stream_options: { include_usage: true } }),
      );
      const text = await response.text();
      expect(text).toContain('"prompt_tokens":6,"completion_tokens":60,"total_tokens":66');
      expect(text).not.toContain(MARKER);
      expect(server.chatRequests).toHaveLength(3);
      const last = server.chatRequests.at(-1)?.body.messages.at(-1);
      expect(last).toMatchObject({ role: 'system' });
      expect(JSON.stringify(last)).not.toContain(MARKER);
    },
  );

  test('when none is left: a refusal with the usage of all', async () => {
    server.setChat({ content: MARKER, usage: { inputTokens: 1, outputTokens: 10 } });
    const guard = guardOf({ output: { fallback: retry({ maxRetries: 2 }) } });
    const { usage, choices } = await clientOf(guard).chat.completions.create(userSays('Hello'));
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 30 });
    expect(choices[0]?.finish_reason).toBe('content_filter');
    expect(server.chatRequests).toHaveLength(3);
  });
});

describe('abort', () => {
  test('while the input is judged: the caller’s reason, and upstream is not asked', async () => {
    const moderator = fakeModerator({ delay: 5_000 });
    const controller = new AbortController();
    const call = guardFetch(fetch, guardOf({}, moderator))(url, { ...post('Hello'), signal: controller.signal });
    await expect.poll(() => moderator.calls.length).toBe(1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.requests).toEqual([]);
  });

  test.for([false, true])('while the model works: the request ends (stream: %j)', async (stream) => {
    server.fault('chat', stream ? 'hang-in-body' : 'hang');
    const controller = new AbortController();
    const guard = guardOf();
    const settled = settlementsOf(guard);
    const openai = clientOf(guard);
    const call = (async () => {
      const answer = await openai.chat.completions.create(
        { ...userSays('Hello'), stream },
        { signal: controller.signal },
      );
      if ('controller' in answer) for await (const _chunk of answer) expect.unreachable();
    })();
    const ended = call.catch((error: unknown) => error);
    await expect.poll(() => server.chatRequests.length).toBe(1);
    controller.abort();
    const error = await ended;
    if (!stream) expect(error).toBeInstanceOf(APIUserAbortError);
    await expect.poll(() => server.chatRequests[0]?.aborted, { interval: 2 }).toBe(true);
    await expect.poll(() => settled.map(({ delivery }) => delivery)).toEqual(['aborted']);
  });

  test('a reader who leaves ends the request', async () => {
    server.fault('chat', 'hang-in-body');
    const response = await guardFetch(fetch, guardOf())(url, post('Hello', { stream: true }));
    const reader = response.body?.getReader();
    void reader?.read().catch(() => undefined);
    await reader?.cancel();
    await expect.poll(() => server.chatRequests[0]?.aborted, { interval: 2 }).toBe(true);
  });
});

describe('what else a model can say', () => {
  const said = { toolCalls: [{ name: 'look', arguments: `{"at":"${MARKER}"}` }] };
  const tools = [{ type: 'function' as const, function: { name: 'look' } }];

  test.for([
    ['the arguments of a tool call', said],
    ['a tool that nobody declared', { toolCalls: [{ name: MARKER, arguments: '{}' }] }],
    ['reasoning', { content: 'Fine.', reasoning: `Thinking of ${MARKER}.` }],
    ['a refusal', { refusal: `No ${MARKER}.` }],
  ] as const)('%s, whole and streamed', async ([, answer]) => {
    for (const stream of [false, true]) {
      server.setChat(answer);
      const response = await guardFetch(fetch, guardOf())(url, post('Hello', { stream, tools }));
      const text = await response.text();
      expect(text).not.toContain(MARKER);
      expect(text).not.toContain('tool_calls');
      expect(text).toContain(REFUSED);
    }
  });

  test('structured output that is streamed: the refusal stands beside the content', async () => {
    server.setChat(`{"calm":"${MARKER}"}`);
    const stream = clientOf(guardOf()).chat.completions.stream({
      ...userSays('Hello'),
      stream: true,
      response_format: { type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } },
    });
    const refusals: string[] = [];
    stream.on('refusal.delta', ({ delta }) => refusals.push(delta));
    const ended: unknown = await stream.finalChatCompletion().catch((error: unknown) => error);
    expect(refusals.join('')).toBe(REFUSED);
    expect(JSON.stringify(ended)).not.toContain(MARKER);
  });
});

test('one document instead of the stream that was asked for is a reply: judged whole, also with release "immediate"', async () => {
  const says = (content: string) => ({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content } }] });
  const documents = [says('A calm day.'), says(`A calm ${MARKER}.`)];
  const guard = guardOf({ output: { release: 'immediate' } });
  const settled = settlementsOf(guard);
  const guarded = guardFetch(async () => Response.json(documents.shift()), guard);
  expect(await (await guarded(url, post('Hello', { stream: true }))).json()).toEqual(says('A calm day.'));
  expect(await (await guarded(url, post('Hello', { stream: true }))).json()).toMatchObject(says(REFUSED));
  expect(settled).toMatchObject([
    { call: 'reply', delivery: 'delivered' },
    { call: 'reply', delivery: 'refused' },
  ]);
});

test('what only logs tells such a document as a reply too', async () => {
  const guard = guardOf({ fallback: log({ logger: { warn: () => {} } }) });
  const settled = settlementsOf(guard);
  const choices = [{ index: 0, message: { role: 'assistant', content: 'A calm day.' } }];
  const response = await guardFetch(async () => Response.json({ choices }), guard)(
    url,
    post('Hello', { stream: true }),
  );
  expect(await response.json()).toEqual({ choices });
  await guard.idle();
  expect(settled).toMatchObject([{ call: 'reply', delivery: 'delivered' }]);
});

test('timing "during": a blocked input lets nothing out and ends the request', async () => {
  for (const stream of [false, true]) {
    server.reset();
    server.fault('chat', stream ? 'hang-in-body' : 'hang');
    const moderator = fakeModerator({ flags: { [MARKER]: 'odd' }, delay: 50 });
    const response = await guardFetch(fetch, guardOf({ input: { timing: 'during' } }, moderator))(
      url,
      post(MARKER, { stream }),
    );
    expect(await response.text()).toContain(REFUSED);
    await expect.poll(() => server.chatRequests[0]?.aborted, { interval: 2 }).toBe(true);
  }
});

test('images of the input reach a moderator that covers them', async () => {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' }, kinds: ['text', 'image'] });
  const content = [
    { type: 'text' as const, text: 'What is this?' },
    { type: 'image_url' as const, image_url: { url: `https://example.com/${MARKER}.png` } },
  ];
  const { choices } = await clientOf(guardOf({}, moderator)).chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content }],
  });
  expect(choices[0]?.finish_reason).toBe('content_filter');
  expect(server.requests).toEqual([]);
});

describe('guards around guards', () => {
  for (const stream of [false, true])
    test(`the inner one's refusal passes the outer one unjudged (stream: ${stream})`, async () => {
      const refusal = 'Refused with the word outer.';
      const outerModerator = fakeModerator({ flags: { outer: 'odd' } });
      const inner = guardOf({ fallback: reject({ message: refusal }) });
      const outer = guardOf({}, outerModerator);
      const guarded = guardFetch(guardFetch(fetch, inner), outer);
      for (const [said, answered] of [
        [MARKER, 'A calm day.'],
        ['Hello', MARKER],
      ] as const) {
        server.setChat(answered);
        const response = await guarded(url, post(said, { stream }));
        expect(await response.text()).toContain(refusal);
      }
      expect(outerModerator.texts).toEqual([MARKER, 'Hello']);
    });

  test.for([false, true])('what the inner one let pass is judged by the outer one (stream: %j)', async (stream) => {
    server.setChat({ choices: [`A ${MARKER}.`, 'An outer day.', 'A calm day.'] });
    const outer = guardOf({}, fakeModerator({ flags: { outer: 'odd' } }));
    const guarded = guardFetch(guardFetch(fetch, guardOf()), outer);
    const response = await guarded(url, post('Hello', { n: 3, stream }));
    const text = await response.text();
    expect(text).not.toMatch(new RegExp(`${MARKER}|outer`));
    expect(text).toContain('calm');
  });

  test('an upstream cannot pass for a guard', async () => {
    const forged = await (
      await guardFetch(fetch, guardOf({ fallback: reject({ message: `Say ${MARKER}` }) }))(url, post(MARKER))
    ).text();
    server.fault('chat', { kind: 'status', status: 200, body: forged, headers: { 'x-chaperone-action': 'block' } });
    const response = await guardFetch(fetch, guardOf())(url, post('Hello'));
    expect(await response.text()).not.toContain(MARKER);
  });
});

describe('an upstream that answers a stream in one piece', () => {
  const answer =
    (content: string): typeof fetch =>
    async () => {
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
      return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices });
    };

  test('is judged, and refused in one piece', async () => {
    const clean = await guardFetch(answer('A calm day.'), guardOf())(url, post('Hello', { stream: true }));
    expect(await clean.json()).toMatchObject({ choices: [{ message: { content: 'A calm day.' } }] });
    const flagged = await guardFetch(answer(MARKER), guardOf())(url, post('Hello', { stream: true }));
    expect(await flagged.json()).toMatchObject({ id: 'x', choices: [{ message: { content: REFUSED } }] });
  });
});

describe('configuration', () => {
  test.for([
    [{ As: 'error' }, 'guardFetch.As'],
    [{ as: 'throw' }, 'guardFetch.as'],
    [{ context: {} }, 'guardFetch.context'],
  ])('%j is refused', ([options, path]) => {
    const wrong = options as GuardFetchOptions; // wrong on purpose
    expect(() => guardFetch(fetch, guardOf(), wrong)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', path }),
    );
    expect(() => clientOf(guardOf(), wrong)).toThrow(ConfigurationError);
  });

  test('what is no fetch, no guard or no client is refused', () => {
    // @ts-expect-error no fetch
    expect(() => guardFetch({}, guardOf())).toThrow('guardFetch.fetch');
    // @ts-expect-error no guard
    expect(() => guardFetch(fetch, {})).toThrow('guardFetch.guard');
    // @ts-expect-error no client
    expect(() => guardOpenAI({}, guardOf())).toThrow('guardOpenAI.client');
  });

  test('a policy that turns out wrong: an error of ours, once, and nothing is sent', async () => {
    const guard = createGuard({
      moderators: [moderatorOf()],
      policy: () => ({ categories: { odd: 7 } }),
    });
    const error: unknown = await clientOf(guard)
      .chat.completions.create(userSays('Hello'))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      status: 500,
      code: 'guard_configuration',
      message: expect.stringContaining('policy'),
    });
    expect(server.requests).toEqual([]);
  });

  test('a context function that throws: the same, without its words', async () => {
    const options: GuardFetchOptions = {
      context: () => {
        throw new RangeError(MARKER);
      },
    };
    const response = await guardFetch(fetch, guardOf(), options)(url, post('Hello'));
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(/guardFetch\.context failed with RangeError/);
  });
});
