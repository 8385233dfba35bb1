import { createGuard, reject, type Events } from '@chaperone/core';
import { fakeModerator, startServer, type FakeModerator } from '@chaperone/testing';
import OpenAI from 'openai';
import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardFetch, guardOpenAI, type GuardFetchOptions } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';
const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

function guarding(options: { unsupported?: 'block' } = {}) {
  const moderator: FakeModerator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const guard = createGuard({
    moderators: [moderator],
    fallback: reject({ message: REFUSED }),
    ...(options.unsupported && { whenUnchecked: { unsupported: options.unsupported } }),
  });
  const flagged: Events['flagged'][] = [];
  guard.on('flagged', (event) => flagged.push(event));
  return { guard, moderator, flagged };
}

/** A client whose upstream answers with this, whole or as these events. */
function clientOf(answer: object | readonly object[], options?: GuardFetchOptions) {
  const fetch = async (): Promise<Response> =>
    Array.isArray(answer)
      ? new Response([...answer.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'].join(''), {
          headers: { 'content-type': 'text/event-stream' },
        })
      : Response.json(answer);
  const plain = new OpenAI({ apiKey: 'test', baseURL: 'http://127.0.0.1:9/v1', fetch, maxRetries: 0 });
  const { guard, moderator, flagged } = guarding();
  return { plain, openai: guardOpenAI(plain, guard, options), moderator, flagged };
}

const params = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello' }] };
const HEAD = { id: 'chatcmpl-1', created: 1_750_000_000, model: 'm' };
const whole = (message: object, more: object = {}, choice: object = {}): object => ({
  ...HEAD,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop', ...choice }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  ...more,
});
const chunk = (delta: object, more: object = {}, choice: object = {}): object => ({
  ...HEAD,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  ...more,
});

/** Shapes as vendors document them, with what somebody reads in them. */
interface Shape {
  readonly name: string;
  readonly whole: (word: string) => object;
  readonly stream: (word: string) => readonly object[];
}

const SAFE = { hate: { filtered: false, severity: 'safe' } };
const SHAPES: readonly Shape[] = [
  {
    name: 'DeepSeek: reasoning_content',
    whole: (word) => whole({ content: 'Fine.', reasoning_content: `A ${word}.` }, { system_fingerprint: 'fp_1' }),
    stream: (word) => [
      chunk({ role: 'assistant', content: null, reasoning_content: `A ${word}.` }),
      chunk({ content: 'Fine.', reasoning_content: null }),
    ],
  },
  {
    name: 'Groq: reasoning, x_groq',
    whole: (word) =>
      whole({ content: 'Fine.', reasoning: `A ${word}.` }, { x_groq: { id: 'req_1' }, service_tier: 'on_demand' }),
    stream: (word) => [
      chunk({ role: 'assistant', reasoning: `A ${word}.` }, { x_groq: { id: 'req_1' } }),
      chunk({ content: 'Fine.' }),
    ],
  },
  {
    name: 'OpenRouter: reasoning_details, provider, native_finish_reason',
    whole: (word) =>
      whole(
        {
          content: 'Fine.',
          reasoning: null,
          reasoning_details: [{ type: 'reasoning.text', text: `A ${word}.`, signature: 'c2ln', index: 0 }],
        },
        { provider: 'Anthropic' },
        { native_finish_reason: 'end_turn' },
      ),
    stream: (word) => [
      chunk(
        {
          role: 'assistant',
          content: '',
          reasoning_details: [{ type: 'reasoning.text', text: `A ${word}.`, index: 0 }],
        },
        { provider: 'Anthropic' },
      ),
      chunk({ content: 'Fine.' }, {}, { native_finish_reason: null }),
    ],
  },
  {
    name: 'Ollama: no logprobs, fp_ollama',
    whole: (word) => whole({ content: `A ${word}.` }, { system_fingerprint: 'fp_ollama' }),
    stream: (word) => [chunk({ role: 'assistant', content: `A ${word}.` }, { system_fingerprint: 'fp_ollama' })],
  },
  {
    name: 'vLLM: stop_reason, prompt_logprobs, token_ids',
    whole: (word) =>
      whole(
        { content: `A ${word}.`, tool_calls: [] },
        { prompt_logprobs: null, kv_transfer_params: null },
        { stop_reason: null, token_ids: null },
      ),
    stream: (word) => [
      chunk({ role: 'assistant', content: '' }, {}, { logprobs: null }),
      chunk({ content: `A ${word}.` }, {}, { stop_reason: null, token_ids: [1, 2] }),
    ],
  },
  {
    name: 'Azure: filter results, of the prompt too',
    whole: (word) =>
      whole(
        { content: `A ${word}.` },
        { prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }] },
        { content_filter_results: SAFE },
      ),
    stream: (word) => [
      {
        choices: [],
        created: 0,
        id: '',
        model: '',
        object: '',
        prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
      },
      chunk({ role: 'assistant', content: `A ${word}.` }, {}, { content_filter_results: SAFE }),
      {
        choices: [
          { index: 0, finish_reason: null, content_filter_offsets: { check_offset: 1 }, content_filter_results: SAFE },
        ],
        created: 0,
        id: '',
        model: '',
        object: '',
      },
    ],
  },
  {
    name: 'Perplexity: citations and search results beside the choices',
    whole: (word) =>
      whole(
        { content: 'Fine.' },
        { citations: ['https://example.com'], search_results: [{ title: word, url: 'https://example.com' }] },
      ),
    stream: (word) => [
      chunk({ role: 'assistant', content: 'Fine.' }, { search_results: [{ title: word, url: 'https://example.com' }] }),
    ],
  },
  {
    name: 'OpenAI: annotations, audio transcripts, obfuscation',
    whole: (word) =>
      whole({
        content: null,
        refusal: null,
        annotations: [],
        audio: { id: 'a', data: 'QUJD', transcript: `A ${word}.`, expires_at: 1 },
      }),
    stream: (word) => [
      chunk({ role: 'assistant', audio: { id: 'a', transcript: `A ${word}.` } }, { obfuscation: 'abc' }),
      chunk({ audio: { data: 'QUJD' } }, { obfuscation: 'd' }),
    ],
  },
  {
    name: 'OpenAI of 2023: function_call, no refusal and no fingerprint',
    whole: (word) => whole({ content: null, function_call: { name: 'look', arguments: `{"at":"${word}"}` } }),
    stream: (word) => [
      chunk({ role: 'assistant', content: null, function_call: { name: 'look', arguments: '' } }),
      chunk({ function_call: { arguments: `{"at":"${word}"}` } }),
    ],
  },
  {
    name: 'OpenAI of 2024: tool_calls, refusal, logprobs',
    whole: (word) =>
      whole({
        content: null,
        refusal: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: `{"at":"${word}"}` } }],
      }),
    stream: (word) => [
      chunk({ role: 'assistant', content: null, refusal: null }, { system_fingerprint: 'fp_1' }),
      chunk({
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }],
      }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: `{"at":"${word}"}` } }] }),
    ],
  },
  {
    name: 'OpenAI of 2026: custom tools, moderation in a chunk without choices',
    whole: (word) =>
      whole(
        {
          content: null,
          tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'look', input: `A ${word}.` } }],
        },
        { moderation: null, service_tier: 'default' },
      ),
    stream: (word) => [
      chunk({
        role: 'assistant',
        tool_calls: [{ index: 0, id: 'call_1', type: 'custom', custom: { name: 'look', input: '' } }],
      }),
      chunk({ tool_calls: [{ index: 0, custom: { input: `A ${word}.` } }] }, { obfuscation: 'x' }),
      { ...HEAD, object: 'chat.completion.chunk', choices: [], moderation: { input: null, output: null } },
    ],
  },
  {
    name: 'tomorrow: fields that nobody knows, at every depth',
    whole: (word) =>
      whole(
        { content: 'Fine.', thoughts: [{ deep: { said: `A ${word}.` } }] },
        { epilogue: 'The end.' },
        { mood: 'calm' },
      ),
    stream: (word) => [
      chunk(
        { role: 'assistant', content: 'Fine.', thoughts: [{ deep: { said: `A ${word}.` } }] },
        { epilogue: 'The end.' },
        { mood: 'calm' },
      ),
    ],
  },
];
const END = [
  chunk({}, {}, { finish_reason: 'stop' }),
  {
    ...HEAD,
    object: 'chat.completion.chunk',
    choices: [],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  },
];

describe.for(SHAPES)('$name', ({ whole: wholeOf, stream: streamOf }) => {
  test('a clean answer is deep-equal to the unguarded one, and was read', async () => {
    const { plain, openai, moderator } = clientOf(wholeOf('calm day'));
    expect(await openai.chat.completions.create(params)).toEqual(await plain.chat.completions.create(params));
    expect(moderator.texts.some((text) => text.includes('calm day'))).toBe(true);
  });

  test('a clean stream is the same, byte for byte', async () => {
    const { plain, openai } = clientOf([...streamOf('calm day'), ...END]);
    const textOf = async (client: OpenAI) =>
      (await client.chat.completions.create({ ...params, stream: true }).asResponse()).text();
    expect(await textOf(openai)).toBe(await textOf(plain));
  });

  test('a flagged answer is refused, whole and streamed', async () => {
    const { openai, flagged } = clientOf(wholeOf(MARKER));
    const answer = await openai.chat.completions.create(params);
    expect(JSON.stringify(answer)).not.toContain(MARKER);
    expect(answer.choices[0]?.message.content).toBe(REFUSED);
    expect(flagged).toHaveLength(1);
    const streamed = clientOf([...streamOf(MARKER), ...END]);
    const text = await (await streamed.openai.chat.completions.create({ ...params, stream: true }).asResponse()).text();
    expect(text).not.toContain(MARKER);
    expect(text).toContain(REFUSED);
    expect(streamed.flagged).toHaveLength(1);
  });
});

test("A provider's own filter is told as the provider's: in a choice, and as an error of Azure's form", async () => {
  const { openai, flagged } = clientOf(
    whole(
      { content: '' },
      {},
      { finish_reason: 'content_filter', content_filter_results: { hate: { filtered: true, severity: 'high' } } },
    ),
  );
  await openai.chat.completions.create(params);
  expect(flagged).toMatchObject([{ source: 'provider', decision: { stage: 'output' } }]);
  const { guard, flagged: told } = guarding();
  const error = {
    error: {
      message: 'The response was filtered.',
      type: null,
      param: 'prompt',
      code: 'content_filter',
      status: 400,
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    },
  };
  const fetch = guardFetch(async () => Response.json(error, { status: 400 }), guard);
  const response = await fetch('http://127.0.0.1:9/openai/deployments/x/chat/completions?api-version=1', {
    method: 'POST',
    body: JSON.stringify(params),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual(error);
  expect(told).toMatchObject([{ source: 'provider', decision: { stage: 'input' } }]);
});

describe('Bodies of a call', () => {
  const body = (content: string): string => JSON.stringify({ ...params, messages: [{ role: 'user', content }] });
  const url = `${server.url}/chat/completions`;

  test.for([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('compressed by %s are read, and sent as they came', async ([encoding, compress]) => {
    const { guard, moderator } = guarding();
    const send = (content: string): Promise<Response> =>
      guardFetch(undefined, guard)(url, {
        method: 'POST',
        headers: { 'content-encoding': encoding, 'content-type': 'application/json' },
        body: new Uint8Array(compress(body(content))),
      });
    expect((await send('Hello')).status).toBe(200);
    expect(server.chatRequests[0]?.headers['content-encoding']).toBe(encoding);
    expect(moderator.texts[0]).toBe('Hello');
    expect(await (await send(`A ${MARKER}?`)).text()).toContain(REFUSED);
    expect(server.chatRequests).toHaveLength(1);
  });

  test('compressed and rewritten are sent uncompressed', async () => {
    const { guard } = guarding();
    const messages = [
      { role: 'user', content: `A ${MARKER}?` },
      { role: 'assistant', content: 'No.' },
      { role: 'user', content: 'Hello' },
    ];
    const bytes = new Uint8Array(gzipSync(JSON.stringify({ model: 'm', messages })));
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    await guardFetch(undefined, guard)(url, { method: 'POST', headers, body: bytes });
    expect(server.chatRequests[0]?.headers['content-encoding']).toBeUndefined();
    expect(JSON.stringify(server.chatRequests[0]?.body)).not.toContain(MARKER);
  });

  test('in an encoding that this runtime does not know are not sent', async () => {
    const { guard } = guarding();
    const headers = { 'content-encoding': 'rot13' };
    const response = await guardFetch(undefined, guard)(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(brotliCompressSync(body('x'))),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unreadable_request' } });
    expect(server.requests).toEqual([]);
  });
});

describe('Images', () => {
  const client = new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 2 });

  test('of a clean prompt are made, and are told as unsupported', async () => {
    const { guard, moderator } = guarding();
    const openai = guardOpenAI(client, guard);
    const { data, response } = await openai.images.generate({ model: 'm', prompt: 'A calm day.' }).withResponse();
    expect(data.data?.[0]?.url).toMatch(/^http/);
    expect(data.data).toHaveLength(1);
    expect(moderator.texts).toEqual(['A calm day.']);
    expect(response.headers.get('x-chaperone-unchecked')).toBe('unsupported');
  });

  test('of a flagged prompt are an error, once, and not made', async () => {
    const { guard } = guarding();
    const call = guardOpenAI(client, guard).images.generate({ model: 'm', prompt: `A ${MARKER}.` });
    await expect(call).rejects.toMatchObject({ status: 400, code: 'content_filter', param: 'prompt' });
    expect(server.imagesRequests).toEqual([]);
  });

  test('that nobody looks at are an error where that is to block', async () => {
    const { guard } = guarding({ unsupported: 'block' });
    const call = guardOpenAI(client, guard).images.generate({ model: 'm', prompt: 'A calm day.' });
    await expect(call).rejects.toMatchObject({ status: 503, code: 'content_unchecked' });
  });

  test('are judged by the prompt of a form', async () => {
    const { guard, moderator } = guarding();
    const sent: unknown[] = [];
    const fetch = guardFetch(async (_input, init) => {
      sent.push(init?.body);
      return Response.json({ created: 1, data: [] });
    }, guard);
    const form = (prompt: string): FormData => {
      const data = new FormData();
      data.set('prompt', prompt);
      data.set('image', new Blob(['x'], { type: 'image/png' }), 'x.png');
      return data;
    };
    const clean = form('A calm day.');
    await fetch('http://127.0.0.1:9/v1/images/edits', { method: 'POST', body: clean });
    expect(sent).toEqual([clean]);
    expect(moderator.texts).toEqual(['A calm day.']);
    const refused = await fetch('http://127.0.0.1:9/v1/images/edits', { method: 'POST', body: form(MARKER) });
    expect(refused.status).toBe(400);
    const multipart = new Request('http://127.0.0.1:9/v1/images/edits', { method: 'POST', body: form(MARKER) });
    expect((await fetch(multipart)).status).toBe(400);
    expect(sent).toHaveLength(1);
  });
});

test('explain lists what passes by, and refused paths are not among it', () => {
  const { guard } = guarding();
  guardFetch(undefined, guard);
  const { passesBy } = guard.explain();
  expect(passesBy.map(({ what }) => what).join('\n')).toMatch(/audio\/speech[^]*Realtime[^]*previous_response_id/);
  expect(String(guard.explain())).toContain('@chaperone/openai does not guard: audio');
  const strict = guarding().guard;
  guardFetch(undefined, strict, { unknownPaths: 'refuse' });
  expect(
    strict
      .explain()
      .passesBy.map(({ what }) => what)
      .join('\n'),
  ).not.toMatch(/audio/);
  expect(strict.with({ tenant: 'a' }).explain().passesBy).toEqual(strict.explain().passesBy);
});
