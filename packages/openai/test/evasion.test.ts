import { createGuard, log, reject, retry, type Events, type GuardOptions } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardFetch, type GuardFetchOptions } from '../src/index.ts';
import { framesOf, messageEvents, messageItem, opening, response, textPart } from './support/responses-wire.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';
const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

const chatAnswer = { choices: [{ index: 0, message: { role: 'assistant', content: 'Fine.' }, finish_reason: 'stop' }] };

/** A guarded fetch, what it sent, and what it was told. */
function setting(
  answer: object | string = chatAnswer,
  options: Omit<Partial<GuardOptions>, 'moderators' | 'policy'> = {},
  fetchOptions: GuardFetchOptions = {},
) {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const guard = createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }), ...options });
  const sent: { url: string; body: string }[] = [];
  const settled: Events['settled'][] = [];
  guard.on('settled', (event) => settled.push(event));
  const inner: typeof fetch = async (input, init) => {
    const { url } = new Request(input);
    sent.push({ url, body: typeof init?.body === 'string' ? init.body : '' });
    return typeof answer === 'string'
      ? new Response(answer, { headers: { 'content-type': 'text/event-stream' } })
      : Response.json(answer);
  };
  const guarded = guardFetch(inner, guard, fetchOptions);
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    guarded(`http://127.0.0.1:9/v1${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    });
  return { guarded, post, sent, settled, moderator };
}

const says = (content: string): object => ({ model: 'm', messages: [{ role: 'user', content }] });
const streamOf = (events: Parameters<typeof framesOf>[0]): string =>
  framesOf(events)
    .map(({ bytes }) => new TextDecoder().decode(bytes))
    .join('');

describe('What was thought in an answer that was taken out does not reach the model', () => {
  test('sealed reasoning of a response, as an item of its own', async () => {
    const { post, sent } = setting(response([messageItem('Fine.')]));
    await post('/responses', {
      model: 'm',
      input: [
        { role: 'user', content: `A ${MARKER}?` },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'SEALED' },
        { type: 'message', id: 'msg_1', role: 'assistant', content: [textPart('No.')] },
        { role: 'user', content: 'Hello' },
      ],
    });
    expect(sent[0]?.body).not.toMatch(/SEALED|msg_1|zorp/);
  });

  test('sealed and signed reasoning of a chat', async () => {
    const { post, sent } = setting();
    const thoughts = {
      reasoning: 'Hm.',
      reasoning_details: [{ type: 'reasoning.encrypted', data: 'SEALED' }],
      thought_signature: 'SEALED',
    };
    await post('/chat/completions', {
      model: 'm',
      messages: [
        { role: 'user', content: `A ${MARKER}?` },
        { role: 'assistant', content: 'No.', ...thoughts },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hello.', ...thoughts },
        { role: 'user', content: 'And now?' },
      ],
    });
    expect(sent[0]?.body.match(/SEALED/g)).toHaveLength(2); // those of the other answer
    expect(sent[0]?.body).not.toContain(MARKER);
  });

  test('and what is left are items that the API takes', async () => {
    const { post, sent } = setting(response([messageItem('Fine.')]));
    await post('/responses', {
      model: 'm',
      input: [
        { role: 'user', content: `A ${MARKER}?` },
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'sea' } },
        { type: 'computer_call', id: 'cc_1', call_id: 'c1', action: { type: 'type', text: 'sea' } },
        { type: 'computer_call_output', call_id: 'c1', output: { type: 'computer_screenshot', image_url: 'data:,x' } },
        { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'QUJD' },
        { type: 'message', role: 'assistant', content: [textPart('No.')] },
        { role: 'user', content: 'Hello' },
      ],
    });
    const { input } = JSON.parse(sent[0]?.body ?? '') as { input: { type?: string; role?: string }[] };
    expect(input.map(({ type = 'message' }) => type)).toEqual(input.map(() => 'message'));
    expect(input.at(-1)).toEqual({ role: 'user', content: 'Hello' });
  });
});

describe('Words written as escapes are the words that they mean', () => {
  const hidden = String.raw`{"at":"\u007a\u006f\u0072\u0070"}`;
  const call = { id: 'c', type: 'function', function: { name: 'look', arguments: hidden } };

  test('in arguments, whole and in pieces', async () => {
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    const whole = setting({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
    expect(await (await whole.post('/chat/completions', says('Hello'))).text()).toContain(REFUSED);
    const chunk = (delta: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
    const pieces = hidden
      .split('')
      .map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
    const streamed = setting(
      [
        chunk({ tool_calls: [{ ...call, index: 0, function: { name: 'look', arguments: '' } }] }),
        ...pieces,
        'data: [DONE]\n\n',
      ].join(''),
    );
    const text = await (await streamed.post('/chat/completions', { ...says('Hello'), stream: true })).text();
    expect(text).toContain(REFUSED);
    expect(text).not.toContain('tool_calls');
  });

  test('in structured output', async () => {
    const { post } = setting({
      choices: [{ index: 0, message: { role: 'assistant', content: hidden }, finish_reason: 'stop' }],
    });
    const format = { response_format: { type: 'json_object' } };
    expect(await (await post('/chat/completions', { ...says('Hello'), ...format })).text()).toContain(REFUSED);
  });

  test('in the arguments that a response streams', async () => {
    const item = { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'look', arguments: '' };
    const where = { item_id: 'fc_1', output_index: 0 };
    const { post } = setting(
      streamOf([
        ...opening(),
        { type: 'response.output_item.added', output_index: 0, item },
        ...hidden.split('').map((delta) => ({ type: 'response.function_call_arguments.delta', ...where, delta })),
        { type: 'response.output_item.done', output_index: 0, item: { ...item, arguments: hidden } },
        { type: 'response.completed', response: response([{ ...item, arguments: hidden }]) },
      ]),
    );
    expect(await (await post('/responses', { model: 'm', input: 'Hello', stream: true })).text()).toContain(REFUSED);
  });
});

describe('Whatever way a request asks the model, it is judged', () => {
  const routes: readonly (readonly [string, string, unknown])[] = [
    ['an encoded path', '/chat/%63ompletions', says(MARKER)],
    ['an encoded slash', '/chat%2Fcompletions', says(MARKER)],
    ['a parameter of the path', '/chat/completions;x=1', says(MARKER)],
    [
      'a name in other letters',
      '/chat/completions',
      { ...says('Hello'), Messages: [{ role: 'user', content: MARKER }] },
    ],
    ['a prompt beside messages', '/chat/completions', { model: 'm', messages: [], prompt: MARKER }],
    ['documents', '/chat/completions', { ...says('Hello'), documents: [{ text: MARKER }] }],
    ['a role', '/chat/completions', { model: 'm', messages: [{ role: MARKER, content: 'Hello' }] }],
    [
      'a word of another script in a field for ids',
      '/chat/completions',
      { model: 'm', messages: [{ role: 'user', content: 'Hello', tool_call_id: `坏${MARKER}` }] },
    ],
  ];
  test.for(routes)('%s', async ([, path, body]) => {
    const { post, sent } = setting();
    expect(await (await post(path, body)).text()).toContain(REFUSED);
    expect(sent).toEqual([]);
  });

  test.for([
    ['a string object', (url: string) => Object(url) as string],
    ['an object that says its address', (url: string) => ({ href: url, toString: () => url }) as unknown as URL],
  ] as const)('%s as address', async ([, wrapped]) => {
    const { guarded, sent } = setting();
    const init = { method: 'POST', body: JSON.stringify(says(MARKER)) };
    expect(await (await guarded(wrapped('http://127.0.0.1:9/v1/chat/completions'), init)).text()).toContain(REFUSED);
    expect(sent).toEqual([]);
  });

  test('a form that says its prompt twice, or as a file', async () => {
    for (const fill of [
      (form: FormData) => (form.append('prompt', 'Calm.'), form.append('prompt[]', MARKER)),
      (form: FormData) => form.append('Prompt', MARKER),
    ]) {
      const { guarded, sent } = setting();
      const form = new FormData();
      fill(form);
      expect((await guarded('http://127.0.0.1:9/v1/images/edits', { method: 'POST', body: form })).status).toBe(400);
      expect(sent).toEqual([]);
    }
    const { guarded } = setting({ data: [] });
    const form = new FormData();
    form.append('prompt', new Blob([MARKER]), 'prompt.txt');
    const response = await guarded('http://127.0.0.1:9/v1/images/edits', { method: 'POST', body: form });
    expect(response.headers.get('x-chaperone-unchecked')).toBe('unsupported');
  });

  test('a signed body that says a key twice is not sent', async () => {
    const body = `{"model":"m","messages":[{"role":"user","content":"${MARKER}"}],"messages":[{"role":"user","content":"hi"}]}`;
    const { post, sent } = setting();
    expect((await post('/chat/completions', body, { digest: 'x' })).status).toBe(400);
    expect(sent).toEqual([]);
  });

  test('a part that refers to something kept elsewhere is unsupported', async () => {
    const { post } = setting(chatAnswer, { whenUnchecked: { unsupported: 'block' } });
    const content = [{ type: 'image_file', image_file: { file_id: 'file_1' } }];
    const answer = await post('/chat/completions', { model: 'm', messages: [{ role: 'user', content }] });
    expect(answer.headers.get('x-chaperone-unchecked')).toBe('unsupported');
    expect(answer.headers.get('x-chaperone-action')).toBe('block');
  });
});

describe('Paths', () => {
  const refused = [
    '/v1beta/models/x:generateContent',
    '/models/acme/generate',
    '/vector_stores/x/search',
    '/responses/compact',
  ];
  test.for(refused)("POST %s is refused with unknownPaths: 'refuse'", async (path) => {
    const { post, sent } = setting(chatAnswer, {}, { unknownPaths: 'refuse' });
    expect((await post(path, { input: 'x' })).status).toBe(400);
    expect(sent).toEqual([]);
  });

  test('an answer that comes with a cancellation or an update is judged', async () => {
    const cancelled = setting(response([messageItem(MARKER)]));
    expect(await (await cancelled.post('/responses/resp_1/cancel', '')).text()).toContain(REFUSED);
    const updated = setting({ choices: [{ index: 0, message: { role: 'assistant', content: MARKER } }] });
    expect(await (await updated.post('/chat/completions/c_1', { metadata: {} })).text()).toContain(REFUSED);
  });
});

describe('A body that nobody can read', () => {
  test('is not sent, and is an error', async () => {
    const { post, sent } = setting();
    expect((await post('/chat/completions', 'model=m')).status).toBe(400);
    expect(sent).toEqual([]);
  });

  test.for([{ fallback: log({ logger: { warn: () => {} } }) }, { enabled: false }])(
    'is sent as it came where nothing waits',
    async (options) => {
      const { post, sent } = setting(chatAnswer, options);
      expect((await post('/chat/completions', 'model=m')).status).toBe(200);
      expect(sent.map(({ body }) => body)).toEqual(['model=m']);
    },
  );

  test('is not one that is large', async () => {
    const url = `data:image/png;base64,${'A'.repeat(24 * 1024 * 1024)}`;
    const content = [{ type: 'image_url', image_url: { url } }];
    const { post, sent } = setting();
    expect((await post('/chat/completions', { model: 'm', messages: [{ role: 'user', content }] })).status).toBe(200);
    expect(sent).toHaveLength(1);
  });
});

describe('What a response says in other places', () => {
  const refusedStream = async (events: Parameters<typeof framesOf>[0]): Promise<string> => {
    const { post } = setting(streamOf(events));
    const text = await (await post('/responses', { model: 'm', input: 'Hello', stream: true })).text();
    expect(text).toContain(REFUSED);
    return text;
  };
  const completed = { type: 'response.completed', response: response([]) };

  test('an output_text of its own', async () => {
    const { post } = setting(response([messageItem('Fine.')], { output_text: MARKER }));
    expect(await (await post('/responses', { model: 'm', input: 'Hello' })).text()).toContain(REFUSED);
    await refusedStream([
      ...messageEvents(['Fine.']).slice(0, -1),
      { ...completed, response: response([], { output_text: MARKER }) },
    ]);
  });

  test('a word that comes in pieces, in events that look like progress or whose pieces are objects', async () => {
    const pieces = ['zo', 'rp'];
    await refusedStream([
      ...opening(),
      ...pieces.map((delta) => ({ type: 'response.foo_call.delta', output_index: 0, delta })),
      completed,
    ]);
    await refusedStream([
      ...opening(),
      ...pieces.map((t) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: { t } })),
      completed,
    ]);
  });

  test('another image of the same length at the same place', async () => {
    const seen: string[] = [];
    const images = fakeModerator({ name: 'images', kinds: ['image'], scores: (address) => (seen.push(address), {}) });
    const guard = createGuard({ moderators: [images] });
    const partial = (bytes: string) => ({
      type: 'response.image_generation_call.partial_image',
      output_index: 0,
      partial_image_index: 0,
      partial_image_b64: bytes,
    });
    const body = streamOf([...opening(), partial('AAAA'), partial('BBBB'), completed]);
    const guarded = guardFetch(
      async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
      guard,
    );
    await (
      await guarded('http://127.0.0.1:9/v1/responses', {
        method: 'POST',
        body: '{"model":"m","input":"x","stream":true}',
      })
    ).text();
    expect(seen).toEqual(['data:image/png;base64,AAAA', 'data:image/png;base64,BBBB']);
  });

  test('the same place in other words, again and again, at a cost that grows with their number', async () => {
    const many = async (count: number): Promise<number> => {
      const events = Array.from({ length: count }, (_, at) => ({
        type: 'response.web_search_call.searching',
        output_index: 0,
        note: `note ${at}`,
      }));
      const { post } = setting(streamOf([...opening(), ...events, completed]));
      const begun = performance.now();
      await (await post('/responses', { model: 'm', input: 'Hello', stream: true })).text();
      return performance.now() - begun;
    };
    await many(200);
    const few = await many(500);
    expect(await many(4_000)).toBeLessThan(30 * few + 300);
  });

  test('keeps the id that has left, however long it is', async () => {
    const id = `resp_${'x'.repeat(120)}`;
    const events = messageEvents([`A ${MARKER}.`]).map((event) =>
      'response' in event ? { ...event, response: { ...Object(event['response']), id } } : event,
    );
    const text = await refusedStream(events);
    expect(new Set(text.match(/resp_\w+/g))).toEqual(new Set([id]));
  });
});

test('Legacy completions of several prompts are refused each', async () => {
  const { post } = setting();
  const answer = await post('/completions', { model: 'm', prompt: ['a', MARKER, 'b'], n: 2 });
  expect(((await answer.json()) as { choices: unknown[] }).choices).toHaveLength(6);
});

test('A conversation that the provider keeps is not asked again: it has the flagged reply by now', async () => {
  const { post, sent } = setting(response([messageItem(MARKER)]), {
    output: { fallback: retry({ otherwise: reject({ message: REFUSED }) }) },
  });
  expect(await (await post('/responses', { model: 'm', input: 'Hello', conversation: 'conv_1' })).text()).toContain(
    REFUSED,
  );
  expect(sent).toHaveLength(1);
});

test('Nothing is left unread of an answer that the caller does not get', async () => {
  let isCancelled = false;
  const body = new ReadableStream({ cancel: () => void (isCancelled = true) });
  const guard = createGuard({
    moderators: [fakeModerator({ flags: { [MARKER]: 'odd' } })],
    whenUnchecked: { unsupported: 'block' },
  });
  const guarded = guardFetch(async () => new Response(body), guard);
  const answer = await guarded('http://127.0.0.1:9/v1/images/generations', {
    method: 'POST',
    body: '{"model":"m","prompt":"Calm."}',
  });
  expect(answer.status).toBe(503);
  expect(isCancelled).toBe(true);
});
