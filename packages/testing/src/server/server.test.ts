import { describe, expect, test as base } from 'vitest';
import { startServer, type Answer, type Quota, type ServerOptions, type TestServer } from '../index.ts';

/** Starts a server for one test and closes it after. */
const test = base.extend<{ start: (options?: ServerOptions) => Promise<TestServer> }>({
  // Vitest reads the fixtures that one needs from this pattern.
  // oxlint-disable-next-line eslint/no-empty-pattern
  start: async ({}, use) => {
    const servers: TestServer[] = [];
    await use(async (options) => {
      const server = await startServer(options);
      servers.push(server);
      return server;
    });
    await Promise.all(servers.map((server) => server.close()));
  },
});

const hello = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] };

function post(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    ...init,
  });
}

const chat = (server: TestServer, more: object = {}, init?: RequestInit): Promise<Response> =>
  post(`${server.url}/chat/completions`, { ...hello, ...more }, init);

const moderate = (server: TestServer, input: unknown, more: object = {}): Promise<Response> =>
  post(`${server.url}/moderations`, { input, ...more });

/** As much of an answer as the tests look at. */
interface Wire {
  model: string;
  choices: WireChoice[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  results: {
    flagged: boolean;
    categories: object;
    category_scores: { hate?: number };
    category_applied_input_types: { hate?: string[] };
  }[];
  error: { message: string };
}

interface WireChoice {
  index: number;
  message: { content: string | null; refusal: string | null };
  delta: WireDelta;
  logprobs: { content: { token: string }[] } | null;
  finish_reason: string | null;
}

interface WireDelta {
  content?: string | null;
  refusal?: string | null;
  reasoning_content?: string;
  tool_calls?: { index: number; id?: string; function: { arguments: string } }[];
}

async function json(response: Promise<Response>): Promise<Wire> {
  return (await (await response).json()) as Wire;
}

/** The parsed events of a stream; the last must be `[DONE]`. */
async function events(response: Promise<Response>): Promise<Wire[]> {
  const data = (await (await response).text())
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
  expect(data.pop()).toBe('[DONE]');
  return data.map((event) => JSON.parse(event) as Wire);
}

/** What a stream says in one choice, of one kind. */
function said(chunks: Wire[], pick: (delta: WireDelta) => string | null | undefined, index = 0): string {
  return chunks
    .flatMap(({ choices }) => choices)
    .filter((choice) => choice.index === index)
    .map(({ delta }) => pick(delta) ?? '')
    .join('');
}

const until = (condition: () => unknown): Promise<void> => expect.poll(condition, { interval: 2 }).toBeTruthy();

test('answers a chat request with a completion', async ({ start }) => {
  const server = await start({ chat: { content: 'Good day.', usage: { inputTokens: 3, outputTokens: 4 } } });
  const response = await chat(server);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('x-request-id')).toBe('req_1');
  expect(await response.json()).toEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'gpt-test',
    service_tier: 'default',
    system_fingerprint: null,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Good day.', refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: expect.objectContaining({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }),
  });
});

test('answers politely where no script says otherwise', async ({ start }) => {
  const { choices, usage } = await json(chat(await start()));
  expect(choices[0]!.message.content).toMatch(/help you/);
  expect(usage?.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
});

test('plays a list in order and repeats the last', async ({ start }) => {
  const server = await start({ chat: ['one', { content: 'two' }] });
  const contents = [];
  for (let call = 0; call < 3; call++) contents.push((await json(chat(server))).choices[0]!.message.content);
  expect(contents).toEqual(['one', 'two', 'two']);
});

test('asks a function what to say', async ({ start }) => {
  const server = await start({ chat: async ({ messages }) => `You said ${String(messages[0]?.content)}.` });
  expect((await json(chat(server))).choices[0]!.message.content).toBe('You said Hello.');
});

test('says what a script threw', async ({ start }) => {
  const server = await start({
    chat: () => {
      throw new Error('no script for this');
    },
  });
  const response = await chat(server);
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ error: { message: 'no script for this' } });
  server.setChat({ content: 'a b', chunks: ['a'] });
  expect((await json(chat(server))).error.message).toMatch(/chunks/);
});

test('answers with refusals, reasoning, tool calls, other models and no usage', async ({ start }) => {
  const server = await start({
    chat: [
      { refusal: 'I would rather not.' },
      { reasoning: 'Let me see.', content: 'Yes.', finishReason: 'length', model: 'gpt-other', usage: null },
      { toolCalls: [{ name: 'look_up', arguments: '{"at":"noon"}' }] },
    ],
  });
  const refused = await json(chat(server));
  expect(refused.choices[0]!).toMatchObject({
    finish_reason: 'stop',
    message: { content: null, refusal: 'I would rather not.' },
  });
  const reasoned = await json(chat(server));
  expect(reasoned).toMatchObject({ model: 'gpt-other', choices: [{ finish_reason: 'length' }] });
  expect(reasoned.choices[0]!.message).toMatchObject({ content: 'Yes.', reasoning_content: 'Let me see.' });
  expect(reasoned).not.toHaveProperty('usage');
  const called = await json(chat(server));
  expect(called.choices[0]!.finish_reason).toBe('tool_calls');
  expect(called.choices[0]!.message).toMatchObject({
    content: null,
    tool_calls: [{ id: 'call_3_0_0', type: 'function', function: { name: 'look_up', arguments: '{"at":"noon"}' } }],
  });
});

test('gives n choices, the same ones or those of the script', async ({ start }) => {
  const server = await start({ chat: ['same', { choices: ['one', { refusal: 'no' }] }] });
  const same = await json(chat(server, { n: 3 }));
  expect(same.choices.map((choice) => [choice.index, choice.message.content])).toEqual([
    [0, 'same'],
    [1, 'same'],
    [2, 'same'],
  ]);
  const different = await json(chat(server, { n: 2 }));
  expect(different.choices[0]!.message.content).toBe('one');
  expect(different.choices[1]!.message.refusal).toBe('no');
});

test('gives log probabilities when asked, at once and streamed', async ({ start }) => {
  const server = await start({ chat: 'Good day' });
  const whole = await json(chat(server, { logprobs: true }));
  expect(whole.choices[0]!.logprobs!.content.map(({ token }) => token)).toEqual(['Good', ' day']);
  const streamed = await events(chat(server, { logprobs: true, stream: true }));
  expect(streamed[1]!.choices[0]!.logprobs!.content[0]!.token).toBe('Good');
});

test('streams a completion word by word', async ({ start }) => {
  const server = await start({ chat: 'Good day  to you.\n' });
  const response = await chat(server, { stream: true });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const chunks = await events(Promise.resolve(response));
  expect(chunks.map(({ choices }) => choices[0]!.delta)).toEqual([
    { role: 'assistant', content: '', refusal: null },
    { content: 'Good' },
    { content: ' day' },
    { content: '  to' },
    { content: ' you.' },
    { content: '\n' },
    {},
  ]);
  expect(chunks.map(({ choices }) => choices[0]!.finish_reason)).toEqual([...Array(6).fill(null), 'stop']);
  expect(chunks[0]!).toEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: expect.any(Number),
    model: 'gpt-test',
    service_tier: 'default',
    system_fingerprint: null,
    choices: [expect.objectContaining({ index: 0, logprobs: null })],
  });
});

test('ends a stream with the usage when asked to', async ({ start }) => {
  const server = await start();
  const chunks = await events(chat(server, { stream: true, stream_options: { include_usage: true } }));
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

test('streams reasoning, refusals, tool calls and several choices', async ({ start }) => {
  const answers: Answer[] = [
    { reasoning: 'Let me see.', content: 'Yes.' },
    { refusal: 'Rather not.' },
    {
      toolCalls: [
        { name: 'a', arguments: '{"first":"argument"}' },
        { id: 'mine', name: 'b', arguments: '{}' },
      ],
    },
    { choices: ['one two', 'three'] },
  ];
  const server = await start({ chat: answers });
  const reasoned = await events(chat(server, { stream: true }));
  expect(said(reasoned, (delta) => delta.reasoning_content)).toBe('Let me see.');
  expect(said(reasoned, (delta) => delta.content)).toBe('Yes.');
  const refused = await events(chat(server, { stream: true }));
  expect(refused[0]!.choices[0]!.delta.content).toBeNull();
  expect(said(refused, (delta) => delta.refusal)).toBe('Rather not.');
  const called = await events(chat(server, { stream: true }));
  const calls = called.flatMap(({ choices }) => choices[0]!.delta.tool_calls ?? []);
  expect(calls.filter(({ id }) => id).map(({ index, id }) => [index, id])).toEqual([
    [0, 'call_3_0_0'],
    [1, 'mine'],
  ]);
  const args = (at: number): string =>
    calls
      .filter(({ index }) => index === at)
      .map((call) => call.function.arguments)
      .join('');
  expect(args(0)).toBe('{"first":"argument"}');
  expect(args(1)).toBe('{}');
  expect(called.at(-1)!.choices[0]!.finish_reason).toBe('tool_calls');
  const several = await events(chat(server, { stream: true, n: 2 }));
  expect(said(several, (delta) => delta.content, 0)).toBe('one two');
  expect(said(several, (delta) => delta.content, 1)).toBe('three');
});

test('cuts a stream as it is told, also inside of a surrogate pair', async ({ start }) => {
  const server = await start({ chat: { chunks: ['smile \ud83d', '\ude42', ' please'] } });
  const chunks = await events(chat(server, { stream: true }));
  expect(chunks.map(({ choices }) => choices[0]!.delta.content).slice(1, 4)).toEqual([
    'smile \ud83d',
    '\ude42',
    ' please',
  ]);
  expect((await json(chat(server))).choices[0]!.message.content).toBe('smile 🙂 please');
});

test('takes its time as it is told', async ({ start }) => {
  const server = await start({
    chat: 'a b c d e',
    timing: { reply: 300, firstToken: 50, perToken: 20, moderation: 40 },
  });
  const took = async (work: Promise<Response>): Promise<number> => {
    const begun = performance.now();
    await (await work).text();
    return performance.now() - begun;
  };
  expect(await took(chat(server))).toBeGreaterThanOrEqual(299);
  expect(await took(moderate(server, 'a'))).toBeGreaterThanOrEqual(39);
  const streamed = await took(chat(server, { stream: true }));
  expect(streamed).toBeGreaterThanOrEqual(129); // 50 to the first of five tokens, 20 to each that follows
  expect(streamed).toBeLessThan(1_000);
  server.setTiming({});
  expect(await took(chat(server))).toBeLessThan(250);
});

test('moderates a text, a list of texts, and parts as one', async ({ start }) => {
  const server = await start({
    moderation: (text, images) => ({
      flagged: [...(text.includes('zorp') ? ['violence'] : []), ...(images.length > 0 ? ['depiction'] : [])],
      scores: { harassment: 0.25 },
    }),
  });
  const one = await json(moderate(server, 'a zorp'));
  expect(one).toMatchObject({ id: 'modr-1', model: 'omni-moderation-latest' });
  expect(one.results).toHaveLength(1);
  expect(Object.keys(one.results[0]!.categories)).toHaveLength(13);
  expect(one.results[0]!).toMatchObject({
    flagged: true,
    categories: { violence: true, harassment: false, 'illicit/violent': false },
    category_scores: { violence: 0.9, harassment: 0.25, hate: 0.0001 },
    category_applied_input_types: { violence: ['text'], hate: ['text'] },
  });
  const list = await json(moderate(server, ['fine', 'a zorp'], { model: 'omni-moderation-2024-09-26' }));
  expect(list.model).toBe('omni-moderation-2024-09-26');
  expect(list.results.map(({ flagged }) => flagged)).toEqual([false, true]);
  const image = { type: 'image_url', image_url: { url: 'https://example.test/a.png' } };
  const parts = await json(moderate(server, [{ type: 'text', text: 'look' }, image]));
  expect(parts.results).toHaveLength(1);
  expect(parts.results[0]!.categories).toMatchObject({ depiction: true, violence: false });
  expect(parts.results[0]!.category_applied_input_types).toMatchObject({ violence: ['text', 'image'], hate: ['text'] });
  const imageAlone = await json(moderate(server, [image]));
  expect(imageAlone.results[0]!.category_scores.hate).toBe(0);
  expect(imageAlone.results[0]!.category_applied_input_types.hate).toEqual([]);
  expect(server.moderated).toEqual(['a zorp', 'fine', 'a zorp', 'look']);
});

test('flags nothing where no script says otherwise', async ({ start }) => {
  const { results } = await json(moderate(await start(), 'anything'));
  expect(results[0]!.flagged).toBe(false);
  expect(Object.values(results[0]!.categories)).toEqual(Array(13).fill(false));
});

test('lists its model, and knows no other path', async ({ start }) => {
  const server = await start();
  expect(await json(fetch(`${server.url}/models`))).toMatchObject({ object: 'list', data: [{ object: 'model' }] });
  const response = await post(`${server.url}/embeddings?x=1`, {});
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    error: { message: 'Invalid URL (POST /v1/embeddings?x=1)', type: 'invalid_request_error', param: null, code: null },
  });
  expect((await fetch(`${server.url}/moderations`)).status).toBe(404);
});

test.for<[path: string, body: unknown, param: string | null]>([
  ['/chat/completions', '{', null],
  ['/chat/completions', { messages: [] }, 'model'],
  ['/chat/completions', { model: 'gpt-test' }, 'messages'],
  ['/chat/completions', { model: 'gpt-test', messages: [{ content: 'x' }] }, 'messages[0]'],
  ['/chat/completions', { ...hello, n: 0 }, 'n'],
  ['/chat/completions', { ...hello, moderation: true }, 'moderation.model'],
  ['/responses', [], null],
  ['/responses', { model: 'gpt-test', input: 'Hello', moderation: {} }, 'moderation.model'],
  ['/responses', { input: 'Hello' }, 'model'],
  ['/responses', { model: 'gpt-test' }, 'input'],
  ['/responses', { model: 'gpt-test', input: ['Hello'] }, 'input'],
  ['/responses', { model: 'gpt-test', input: 'Hello', instructions: 1 }, 'instructions'],
  ['/responses', { model: 'gpt-test', input: 'Hello', include: 'logprobs' }, 'include'],
  ['/completions', [], null],
  ['/completions', { prompt: 'Hello' }, 'model'],
  ['/completions', { model: 'gpt-test', prompt: [] }, 'prompt'],
  ['/completions', { model: 'gpt-test', prompt: [[1, 2]] }, 'prompt'],
  ['/completions', { model: 'gpt-test', prompt: 'Hello', n: 129 }, 'n'],
  ['/images/generations', [], null],
  ['/images/generations', { prompt: ['A sea'] }, 'prompt'],
  ['/images/generations', { prompt: 'A sea', n: 11 }, 'n'],
  ['/moderations', [], null],
  ['/moderations', { input: [] }, 'input'],
  ['/moderations', { input: ['a', { type: 'text', text: 'b' }] }, 'input'],
])('refuses a body that it cannot read: %s %j', async ([path, body, param], { start }) => {
  const server = await start();
  const response = await post(`${server.url}${path}`, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param } });
  expect(server.requests).toMatchObject([{ endpoint: 'other', body }]);
});

test('lets in only the one key', async ({ start }) => {
  const server = await start({ apiKey: 'key-for-tests' });
  const wrong = await chat(server, {}, { headers: { authorization: 'Bearer key-of-somebody' } });
  expect(wrong.status).toBe(401);
  const told = await wrong.text();
  expect(JSON.parse(told)).toMatchObject({ error: { code: 'invalid_api_key' } });
  expect(told).not.toContain('somebody');
  expect((await chat(server, {}, { headers: { authorization: 'Bearer key-for-tests' } })).status).toBe(200);
});

test('records every request', async ({ start }) => {
  const server = await start();
  await json(chat(server, { seed: 7 }, { headers: { 'x-trace': 'abc' } }));
  await json(moderate(server, 'a text'));
  await json(fetch(`${server.url}/models`));
  expect(server.requests.map(({ endpoint }) => endpoint)).toEqual(['chat', 'moderation', 'other']);
  expect(server.chatRequests).toHaveLength(1);
  expect(server.chatRequests[0]).toMatchObject({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'x-trace': 'abc' },
    body: { ...hello, seed: 7 },
    aborted: false,
  });
  expect(server.moderationRequests[0]?.body.input).toBe('a text');
  await until(() => server.requests.every(({ endedAt }) => endedAt !== undefined));
  expect(server.requests.every(({ at, endedAt }) => endedAt! >= at)).toBe(true);
});

test.for([{ stream: true }, { stream: false }])('knows when the client has gone: %j', async (more, { start }) => {
  const server = await start({ timing: { reply: 5_000, firstToken: 1, perToken: 2_000 } });
  const controller = new AbortController();
  const answer = chat(server, more, { signal: controller.signal }).then((response) => response.text());
  await until(() => server.chatRequests.length === 1);
  expect(server.chatRequests[0]).toMatchObject({ aborted: false });
  controller.abort();
  await expect(answer).rejects.toThrow(/abort/);
  await until(() => server.chatRequests[0]?.aborted);
  expect(server.chatRequests[0]?.endedAt).toBeGreaterThan(0);
});

describe('a quota of moderation', () => {
  /** A token a character, so that the sums are plain. */
  const plain = (quota: Quota): { quota: Quota } => ({ quota: { tokensOf: ({ length }) => length, ...quota } });
  const text = (length: number): string => 'x'.repeat(length);

  /** The headers of a response that are about the quota. */
  const told = ({ headers }: Response): { readonly [name: string]: string } =>
    Object.fromEntries([...headers].filter(([name]) => /ratelimit|retry/.test(name)));

  const statuses = (requests: readonly Promise<Response>[]): Promise<number[]> =>
    Promise.all(requests.map(async (response) => (await response).status));

  test('refuses what is over the tokens as OpenAI words it', async ({ start }) => {
    const server = await start(plain({ tokens: 10_000 }));
    const first = await moderate(server, [text(9_000), text(800)]);
    expect(first.status).toBe(200);
    expect(told(first)).toEqual({
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': '200',
      'x-ratelimit-reset-tokens': '1m0s',
    });
    const refused = await moderate(server, text(500), { model: 'omni-moderation-2024-09-26' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toBe('application/json');
    expect(refused.headers.get('x-request-id')).toBe('req_2');
    expect(told(refused)).toEqual({
      'retry-after': expect.stringMatching(/^(5\d|60)$/),
      'retry-after-ms': expect.stringMatching(/^(5\d{3}|6000)\d$/),
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': '200',
      'x-ratelimit-reset-tokens': expect.stringMatching(/^(1m0|5\d(\.\d{1,3})?)s$/),
    });
    const wait = Number(refused.headers.get('retry-after-ms'));
    expect(refused.headers.get('retry-after')).toBe(String(Math.ceil(wait / 1_000)));
    expect(await refused.json()).toEqual({
      error: {
        message: `Rate limit reached for omni-moderation-2024-09-26 on tokens per min (TPM): Limit 10000, Used 9800, Requested 500. Please try again in ${wait === 60_000 ? '1m0' : wait / 1_000}s.`,
        type: 'tokens',
        param: null,
        code: 'rate_limit_exceeded',
      },
    });
  });

  test('refuses what is over the requests', async ({ start }) => {
    const server = await start(plain({ requests: 1, tokens: 10_000, window: 90_000 }));
    expect(told(await moderate(server, 'four'))).toEqual({
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m30s',
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': '9996',
      'x-ratelimit-reset-tokens': '1m30s',
    });
    const refused = await moderate(server, 'a');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^Rate limit reached for omni-moderation-latest on requests per min \(RPM\): Limit 1, Used 1, Requested 1\. Please try again in 1m(30|2\d(\.\d{1,3})?)s\.$/,
        ),
        type: 'requests',
      },
    });
  });

  test('names no time to wait where a request is more than the whole quota', async ({ start }) => {
    const server = await start(plain({ tokens: 10 }));
    const refused = await moderate(server, text(11));
    expect(refused.status).toBe(429);
    expect(told(refused)).toEqual({
      'x-ratelimit-limit-tokens': '10',
      'x-ratelimit-remaining-tokens': '10',
      'x-ratelimit-reset-tokens': '0s',
    });
    expect(await refused.json()).toMatchObject({
      error: { message: expect.stringMatching(/^Request too large .* Limit 10, Requested 11\./), type: 'tokens' },
    });
  });

  test('lets in who waits as long as it was told', async ({ start }) => {
    const server = await start(plain({ tokens: 10, window: 300 }));
    await moderate(server, text(10));
    const refused = await moderate(server, text(10));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('x-ratelimit-reset-tokens')).toMatch(/^\d+ms$/);
    const until = performance.now() + Number(refused.headers.get('retry-after-ms'));
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await moderate(server, text(10))).status).toBe(200);
  });

  test('records what it refuses, asks no script about it, and counts what arrived', async ({ start }) => {
    const asked: string[] = [];
    const server = await start({
      ...plain({ requests: 10, tokens: 10 }),
      moderation: (input) => {
        asked.push(input);
        return {};
      },
    });
    await moderate(server, text(7));
    await moderate(server, text(4));
    expect((await json(moderate(server, text(3)))).results).toHaveLength(1);
    expect(server.moderationRequests.map(({ refused }) => refused)).toEqual([false, true, false]);
    expect(server.quotaRefusals).toBe(1);
    expect(server.mostTokensInWindow).toBe(14);
    expect(server.mostRequestsInWindow).toBe(3);
    expect(asked).toEqual([text(7), text(3)]);
    server.reset();
    expect([server.quotaRefusals, server.mostTokensInWindow, server.mostRequestsInWindow]).toEqual([0, 0, 0]);
    expect((await moderate(server, text(10))).status).toBe(200);
  });

  test('lets in no more than it says of many that come at once', async ({ start }) => {
    const server = await start(plain({ tokens: 10 }));
    const answers = await statuses(Array.from({ length: 20 }, () => moderate(server, text(3))));
    expect(answers.filter((status) => status === 200)).toHaveLength(3);
    expect(server.quotaRefusals).toBe(17);
  });

  test('gives way to faults, which count against it', async ({ start }) => {
    const server = await start(plain({ tokens: 10 }));
    server.fault('moderation', { kind: 'status', status: 500 }, { times: 1 });
    server.fault('moderation', 'too-many', { times: 1 });
    const failed = await moderate(server, text(8));
    expect(failed.status).toBe(500);
    expect(told(failed)).toEqual({});
    const spoiled = await moderate(server, text(8));
    expect(spoiled.headers.get('x-ratelimit-remaining-tokens')).toBe('0');
    expect((await json(Promise.resolve(spoiled))).results).toHaveLength(2);
    expect((await moderate(server, 'x')).status).toBe(429);
    expect(server.quotaRefusals).toBe(1);
    expect(server.mostTokensInWindow).toBe(17);
  });

  test('counts nothing of who has the wrong key, of a chat, and of a body that cannot be read', async ({ start }) => {
    const server = await start({ ...plain({ requests: 1 }), apiKey: 'key-for-tests' });
    const headers = { authorization: 'Bearer key-for-tests' };
    expect((await moderate(server, 'a')).status).toBe(401);
    expect((await chat(server, {}, { headers })).status).toBe(200);
    expect((await post(`${server.url}/moderations`, { input: [] }, { headers })).status).toBe(400);
    expect(server.mostRequestsInWindow).toBe(0);
    expect((await post(`${server.url}/moderations`, { input: 'a' }, { headers })).status).toBe(200);
  });

  test('is set, changed and lifted while the server runs, and begins anew each time', async ({ start }) => {
    const server = await start();
    expect(told(await moderate(server, 'a text'))).toEqual({});
    expect(server.mostTokensInWindow).toBe(2);
    server.setQuota({ requests: 1 });
    expect(server.mostTokensInWindow).toBe(0);
    expect(await statuses([moderate(server, 'a'), moderate(server, 'a')])).toEqual(expect.arrayContaining([200, 429]));
    server.setQuota({ requests: 1 });
    expect((await moderate(server, 'a')).status).toBe(200);
    server.setQuota(undefined);
    expect((await moderate(server, 'a')).status).toBe(200);
    expect(server.quotaRefusals).toBe(1);
    server.setQuota({ tokens: 1 });
    server.reset();
    expect((await moderate(server, 'longer than one token')).status).toBe(200);
  });

  test('is refused where it makes no sense, before anything listens', async ({ start }) => {
    await expect(start({ quota: { tokens: NaN } })).rejects.toThrow(RangeError);
    const server = await start();
    expect(() => server.setQuota({ window: 0 })).toThrow(RangeError);
  });
});

test('is as just started after a reset', async ({ start }) => {
  const server = await start({ chat: ['one', 'two'] });
  const first = await (await chat(server, { stream: true })).text();
  server.fault('chat', 'reset');
  server.setTiming({ reply: 5_000 });
  server.setModeration(() => ({ flagged: ['violence'] }));
  server.reset();
  expect(server.requests).toEqual([]);
  expect(await (await chat(server, { stream: true })).text()).toBe(first);
  expect((await json(moderate(server, 'a'))).results[0]!.flagged).toBe(false);
});

test('closes, also while requests hang', async () => {
  await using server = await startServer();
  server.fault('chat', 'hang');
  server.fault('moderation', 'hang-in-body');
  const hanging = [chat(server), moderate(server, 'a').then((response) => response.text())];
  const ended = Promise.allSettled(hanging);
  await until(() => server.requests.length === 2);
  await server.close();
  expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(server.requests.map(({ aborted }) => aborted)).toEqual([false, false]);
  await server.close();
});
