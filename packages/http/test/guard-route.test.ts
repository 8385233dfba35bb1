import { log, retry, type GuardOptions } from '@chaperone/core';
import { fakeModerator } from '@chaperone/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { guardRoute, type GuardRouteOptions } from '../src/index.ts';
import { serve, type Served } from './serve.ts';
import { MARKER, REFUSED, watched, type Watched } from './support/watch.ts';

const encoder = new TextEncoder();
const open: Served[] = [];
afterEach(async () => {
  for (const served of open.splice(0)) await served[Symbol.asyncDispose]();
});

/** A stream that gives these pieces, each in a turn of its own. */
function streamOf(pieces: readonly string[], onCancel = (): void => {}): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      const piece = pieces[at++];
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
    cancel: onCancel,
  });
}

interface Speech {
  readonly name: string;
  /** What events call it. */
  readonly call: 'reply' | 'stream';
  readonly request: (text: string) => object;
  readonly headers?: Record<string, string>;
  /** What an unguarded handler answers when its model says this. */
  readonly answer: (pieces: readonly string[]) => Response;
  /** What a reader of the protocol sees. */
  readonly seen: (body: string) => string;
}

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const events = (body: string): { [key: string]: unknown }[] =>
  body
    .split('\n\n')
    .filter((each) => each.startsWith('data: {'))
    .map((each) => JSON.parse(each.slice(6)) as { [key: string]: unknown });
const textIn = (value: unknown, ...path: (string | number)[]): string => {
  const found = path.reduce<unknown>(
    (each, key) => (each === undefined || each === null ? each : Reflect.get(Object(each), key)),
    value,
  );
  return typeof found === 'string' ? found : '';
};

const UI: Speech = {
  name: 'a UI message stream',
  call: 'stream',
  request: (text) => ({ id: 'chat', messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text }] }] }),
  answer: (pieces) =>
    new Response(
      streamOf([
        event({ type: 'start', messageId: 'a1' }),
        event({ type: 'start-step' }),
        event({ type: 'text-start', id: '0' }),
        ...pieces.map((delta) => event({ type: 'text-delta', id: '0', delta })),
        event({ type: 'text-end', id: '0' }),
        event({ type: 'finish-step' }),
        event({ type: 'finish', finishReason: 'stop' }),
        'data: [DONE]\n\n',
      ]),
      { headers: { 'content-type': 'text/event-stream', 'x-vercel-ai-ui-message-stream': 'v1' } },
    ),
  seen: (body) =>
    events(body)
      .map((each) => textIn(each, 'delta'))
      .join(''),
};
const OPENAI_STREAM: Speech = {
  name: 'OpenAI events',
  call: 'stream',
  request: (content) => ({ model: 'm', stream: true, messages: [{ role: 'user', content }] }),
  answer: (pieces) =>
    new Response(
      streamOf([
        ...pieces.map((content) =>
          event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
        ),
        event({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
        'data: [DONE]\n\n',
      ]),
      { headers: { 'content-type': 'text/event-stream' } },
    ),
  seen: (body) =>
    events(body)
      .map((each) => textIn(each, 'choices', 0, 'delta', 'content'))
      .join(''),
};
const OPENAI: Speech = {
  name: 'OpenAI JSON',
  call: 'reply',
  request: (content) => ({ model: 'm', messages: [{ role: 'user', content }] }),
  answer: (pieces) =>
    Response.json({
      id: 'c',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: pieces.join('') }, finish_reason: 'stop' }],
    }),
  seen: (body) => textIn(JSON.parse(body), 'choices', 0, 'message', 'content'),
};
const TEXT: Speech = {
  name: 'plain text',
  call: 'stream',
  request: (prompt) => ({ prompt }),
  answer: (pieces) => new Response(streamOf(pieces), { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  seen: (body) => body,
};
const JSON_: Speech = {
  name: 'JSON of its own',
  call: 'reply',
  request: (message) => ({ message }),
  headers: { accept: 'application/json' },
  answer: (pieces) => Response.json({ reply: pieces.join(''), took: 3 }),
  seen: (body) => textIn(JSON.parse(body), 'reply') || textIn(JSON.parse(body), 'message'),
};
const SPEECHES = [UI, OPENAI_STREAM, OPENAI, TEXT, JSON_];
const CLEAN = ['Sea ', 'holly ', 'grows ', 'by the sea. ', 'It is ', 'blue.'];
const FLAGGED = ['Sea holly grows by the sea. ', 'Then a ', 'zo', 'rp ', 'came.'];

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

interface Route {
  readonly ask: (body: unknown, headers?: Record<string, string>, init?: RequestInit) => Promise<Asked>;
  /** The bodies that the handler got. */
  readonly handled: unknown[];
  readonly url: string;
  readonly thrown: readonly unknown[];
}

async function routeOf(
  { guard }: Watched,
  answer: (attempt: number, request: Request) => Response | Promise<Response>,
  options: GuardRouteOptions = {},
): Promise<Route> {
  const handled: unknown[] = [];
  const served = await serve(
    guardRoute(
      async (request) => {
        handled.push(request.method === 'GET' ? undefined : await request.json());
        return answer(handled.length, request);
      },
      guard,
      options,
    ),
  );
  open.push(served);
  return {
    handled,
    url: served.url,
    thrown: served.thrown,
    async ask(body, headers = {}, init = {}) {
      const response = await fetch(served.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      });
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
  };
}

describe.for(SPEECHES)('A guarded route that speaks $name', ({ request, headers, answer, seen, call }) => {
  test('passes a clean answer byte for byte', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => answer(CLEAN));
    const came = await route.ask(request('What grows?'), headers);
    expect(came.status).toBe(200);
    expect(came.body).toBe(await answer(CLEAN).text());
    expect(route.handled).toEqual([request('What grows?')]);
    expect(watch.settled).toMatchObject([
      { delivery: 'delivered', input: { action: 'allow' }, output: { action: 'allow' } },
    ]);
    expect(watch.moderator.texts.join('|')).toContain('holly');
    expect(came.headers.get('x-chaperone-action')).toBeNull();
  });

  test('answers a blocked input in that protocol, and does not ask the handler', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => answer(CLEAN));
    const came = await route.ask(request(`What is a ${MARKER}?`), headers);
    expect(came.status).toBe(200);
    expect(seen(came.body)).toBe(REFUSED);
    expect(came.body).not.toContain(MARKER);
    expect(route.handled).toEqual([]);
    expect(came.headers.get('content-type')).toContain(answer(CLEAN).headers.get('content-type')?.split(';')[0]);
    expect(came.headers.get('x-chaperone-action')).toBe('block');
    expect(came.headers.get('x-chaperone-decision')).toBe(watch.settled[0]?.input?.id);
  });

  test('blocks a flagged answer of an unguarded model', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => answer(FLAGGED));
    const came = await route.ask(request('What grows?'), headers);
    expect(seen(came.body)).toContain(REFUSED);
    expect(came.body).not.toMatch(/zo|rp /);
    expect(watch.settled).toMatchObject([{ delivery: 'refused', output: { action: 'block' } }]);
    expect(watch.flagged).toHaveLength(1);
  });

  test('sets a refusal apart from what has left before it', async () => {
    const moderator = fakeModerator({ flags: { [MARKER]: 'violence' }, delay: 20 });
    const route = await routeOf(watched({ output: { release: 'immediate' } }, moderator), () => answer(FLAGGED));
    const { body } = await route.ask(request('What grows?'), headers);
    const types = body.includes('"text-start"') ? events(body).map(({ type }) => type) : [];
    // A part of its own in a UI message; of a document nothing has left.
    if (types.length > 0) expect(types.filter((type) => type === 'text-start')).toHaveLength(2);
    else expect(seen(body)).toMatch(call === 'reply' ? /^Let us/ : /\n\nLet us/);
  });

  test('asks the handler again, with feedback, and gives the better answer', async () => {
    const watch = watched({ output: { fallback: retry({ feedback: () => 'Kindly, in other words.' }) } });
    const route = await routeOf(watch, (attempt) => answer(attempt === 1 ? ['A zorp.'] : CLEAN));
    const came = await route.ask(request('What grows?'), headers);
    expect(seen(came.body)).toBe(CLEAN.join(''));
    expect(JSON.stringify(route.handled[0])).not.toContain('Kindly');
    expect(JSON.stringify(route.handled[1])).toContain('Kindly, in other words.');
    expect(watch.settled).toMatchObject([{ delivery: 'delivered', attempts: 2 }]);
  });

  test('refuses what could not be checked with its own words, and not with those for a flag', async () => {
    const route = await routeOf(watched({}, fakeModerator({ fails: 'unavailable' })), () => answer(CLEAN));
    const came = await route.ask(request('What grows?'), headers);
    expect(seen(came.body)).toMatch(/did not work/);
    expect(came.headers.get('x-chaperone-unchecked')).toBe('failed');
    const strict = await routeOf(watched({}, fakeModerator({ fails: 'unavailable' })), () => answer(CLEAN), {
      status: 403,
    });
    expect((await strict.ask(request('What grows?'), headers)).status).toBe(503);
  });

  test('gives a blocked input the status that was chosen, with an error that says why', async () => {
    const route = await routeOf(watched(), () => answer(CLEAN), { status: 403 });
    const came = await route.ask(request(`What is a ${MARKER}?`), headers);
    expect(came.status).toBe(403);
    expect(came.body).toContain(REFUSED);
    expect(came.body).not.toContain(MARKER);
  });

  test('changes nothing with log()', async () => {
    const lines: string[] = [];
    const watch = watched({ fallback: log({ logger: { warn: (line) => void lines.push(line) } }) });
    const route = await routeOf(watch, () => answer(FLAGGED));
    expect((await route.ask(request(`A ${MARKER}?`), headers)).body).toBe(await answer(FLAGGED).text());
    await watch.guard.idle();
    expect(watch.flagged).toHaveLength(2);
    expect(lines).toHaveLength(2);
  });

  test(`tells of a ${call}, whatever becomes of it`, async () => {
    const watch = watched();
    const route = await routeOf(watch, (attempt) => answer(attempt === 1 ? CLEAN : FLAGGED));
    for (const text of ['What grows?', 'What grows?', `What is a ${MARKER}?`]) await route.ask(request(text), headers);
    expect(watch.settled).toMatchObject([
      { call, delivery: 'delivered' },
      { call, delivery: 'refused', output: { action: 'block' } },
      { call, delivery: 'refused', input: { action: 'block' } },
    ]);
    const logged = watched({ fallback: log({ logger: { warn: () => {} } }) });
    await (await routeOf(logged, () => answer(CLEAN))).ask(request('What grows?'), headers);
    await logged.guard.idle();
    expect(logged.settled).toMatchObject([{ call, delivery: 'delivered' }]);
  });

  test('tells a warning in headers', async () => {
    const scores = (text: string) => ({ violence: text.includes('thorn') ? 0.5 : 0 });
    const moderator = fakeModerator({ categories: ['violence'], scores });
    const policy: NonNullable<GuardOptions['policy']> = { categories: { violence: { warn: 0.4 } } };
    const route = await routeOf(watched({ policy }, moderator), () => answer(CLEAN));
    const came = await route.ask(request('What has a thorn?'), headers);
    expect(came.headers.get('x-chaperone-action')).toBe('warn');
    expect(seen(came.body)).toBe(CLEAN.join(''));
  });
});

describe('What a client speaks', () => {
  const blocked = { message: `a ${MARKER}` };
  test.for([
    ['text/event-stream', 'text/event-stream'],
    ['application/json', 'application/json'],
    ['*/*', 'text/plain; charset=utf-8'],
  ] as const)('is what it accepts: %s', async ([accept, expected]) => {
    const route = await routeOf(watched(), () => TEXT.answer(CLEAN));
    expect((await route.ask(blocked, { accept })).headers.get('content-type')).toBe(expected);
  });

  test('is what the route says, where it says it', async () => {
    const route = await routeOf(watched(), () => TEXT.answer(CLEAN), { protocol: 'text' });
    expect((await route.ask(UI.request(`a ${MARKER}`))).body).toBe(REFUSED);
  });

  test('is the language that it prefers', async () => {
    const watch = watched({ message: { input: { '*': { en: 'No.', fr: 'Non.', 'zh-Hant': '不。' } } } });
    const route = await routeOf(watch, () => TEXT.answer(CLEAN));
    const say = async (language: string) => (await route.ask(blocked, { 'accept-language': language })).body;
    expect(await say('de;q=0.3, fr-CA, en;q=0.8')).toBe('Non.');
    expect(await say('zh-Hant-TW')).toBe('不。');
    expect(await say('nonsense;;')).toBe('No.');
  });

  test('carries the context of its request to events', async () => {
    const watch = watched();
    const context = (request: Request) => ({ user: request.headers.get('x-user') ?? '' });
    const route = await routeOf(watch, () => TEXT.answer(CLEAN), { context });
    await route.ask({ message: 'hi' }, { 'x-user': 'u-1', 'accept-language': 'fr' });
    expect(watch.settled[0]?.context).toEqual({ user: 'u-1', locale: 'fr' });
  });
});

describe('What is judged of a request', () => {
  test.for([
    [
      'a system prompt that a browser sent',
      {
        messages: [
          { role: 'system', content: MARKER },
          { role: 'user', content: 'hi' },
        ],
      },
    ],
    ['a field beside the messages', { messages: [{ role: 'user', content: 'hi' }], system: MARKER }],
    ['a system message of a UI chat', { messages: [{ role: 'system', parts: [{ type: 'text', text: MARKER }] }] }],
    ['one UI message', { id: 'c', message: { role: 'user', parts: [{ type: 'text', text: MARKER }] } }],
    [
      'a file that is text',
      {
        messages: [
          { role: 'user', parts: [{ type: 'file', mediaType: 'text/plain', url: `data:text/plain,${MARKER}` }] },
        ],
      },
    ],
    [
      'the name of a file',
      {
        messages: [
          {
            role: 'user',
            parts: [{ type: 'file', mediaType: 'image/png', filename: MARKER, url: 'https://e.test/x' }],
          },
        ],
      },
    ],
    ['a part of tomorrow', { messages: [{ role: 'user', parts: [{ type: 'news', lines: [MARKER] }] }] }],
    [
      'the output of a tool',
      {
        messages: [
          { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
          {
            role: 'assistant',
            parts: [
              { type: 'tool-look', toolCallId: 'c', state: 'output-available', input: {}, output: { found: MARKER } },
            ],
          },
        ],
      },
    ],
  ])('is %s', async ([, body]) => {
    const route = await routeOf(watched(), () => TEXT.answer(CLEAN));
    const came = await route.ask(body);
    expect(came.body).toContain(REFUSED);
    expect(route.handled).toEqual([]);
  });

  test('is nothing that only names things', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => UI.answer(CLEAN));
    await route.ask({ ...UI.request('hi'), trigger: 'submit-message', messageId: 'm_1' });
    expect(watch.moderator.texts.filter((text) => !text.includes('holly') && !text.includes('blue'))).toEqual(['hi']);
  });

  test('is what `read` makes of a body of another form', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => TEXT.answer(CLEAN), { read: (body) => String(body['question']) });
    expect((await route.ask({ question: `a ${MARKER}` })).body).toBe(REFUSED);
    expect((await route.ask({ question: 'a flower' })).body).toBe(CLEAN.join(''));
  });

  test.for([UI, OPENAI])(
    'does not poison a chat that speaks $name: an older flagged turn is taken out',
    async (speech) => {
      const watch = watched();
      const route = await routeOf(watch, () => speech.answer(CLEAN));
      const turn = (role: string, text: string): object =>
        speech === UI ? { id: role, role, parts: [{ type: 'text', text }] } : { role, content: text };
      const messages = [turn('user', `a ${MARKER}`), turn('assistant', 'Hush.'), turn('user', 'What grows?')];
      const came = await route.ask({ model: 'm', messages });
      expect(speech.seen(came.body)).toBe(CLEAN.join(''));
      const handled = JSON.stringify(route.handled);
      expect(handled).not.toMatch(/zorp|Hush/);
      expect(handled).toContain('What grows?');
      expect(watch.flagged).toEqual([]);
    },
  );
});

describe('A body that cannot be read gets a clear answer', () => {
  const watch = watched();
  const cases: readonly (readonly [string, RequestInit, number, RegExp])[] = [
    ['empty', { body: '' }, 400, /empty/],
    ['not JSON', { body: '{"messages": [' }, 400, /not JSON/],
    ['a list', { body: '[]' }, 400, /object of JSON/],
    ['not UTF-8', { body: new Uint8Array([0x7b, 0xff, 0x7d]) }, 400, /UTF-8/],
    ['of 10 MB', { body: JSON.stringify({ message: 'x'.repeat(10_000_000) }) }, 413, /larger than 4194304/],
    ['a form', { body: new URLSearchParams({ message: 'hi' }), headers: {} }, 415, /application\/json/],
    ['without messages', { body: '{"messages": []}' }, 400, /no chat that is known/],
    ['with messages that are none', { body: '{"messages": [7]}' }, 400, /no chat that is known/],
    ['with another shape', { body: '{"query": "hi"}' }, 400, /no chat that is known/],
    [
      'packed in an unknown way',
      { body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'lzma' } },
      415,
      /encoding/,
    ],
    [
      'not packed as it says',
      { body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      400,
      /packed/,
    ],
  ];
  test.for(cases)('%s', async ([, init, status, says]) => {
    const route = await routeOf(watch, () => TEXT.answer(CLEAN));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(route.url, { method: 'POST', headers, ...init });
    expect(response.status).toBe(status);
    expect(textIn(await response.json(), 'error', 'message')).toMatch(says);
    expect(route.handled).toEqual([]);
    expect(route.thrown).toEqual([]);
  });

  const pack = async (text: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(
      await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    );

  test('compressed is read, and handed on unpacked', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const route = await routeOf(watched(), () => TEXT.answer(CLEAN));
    const ask = async (message: string) =>
      (await fetch(route.url, { method: 'POST', headers, body: await pack(JSON.stringify({ message })) })).text();
    expect(await ask(`a ${MARKER}`)).toBe(REFUSED);
    expect(await ask('hi')).toBe(CLEAN.join(''));
    expect(route.handled).toEqual([{ message: 'hi' }]);
  });

  test('compressed and much larger than it looks is not unpacked to its end', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const route = await routeOf(watched(), () => TEXT.answer(CLEAN));
    const body = await pack(JSON.stringify({ message: ' '.repeat(50_000_000) }));
    expect(body.length).toBeLessThan(100_000);
    expect((await fetch(route.url, { method: 'POST', headers, body })).status).toBe(413);
  });

  test('broken off half way: nothing is asked and nothing crashes', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => TEXT.answer(CLEAN));
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      pull(stream) {
        stream.enqueue(encoder.encode('{"message": "hal'));
        return new Promise(() => setTimeout(() => controller.abort(), 20));
      },
    });
    const init: RequestInit & { duplex: string } = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
      signal: controller.signal,
    };
    await expect(fetch(route.url, init)).rejects.toThrow();
    expect((await route.ask({ message: 'hi' })).body).toBe(CLEAN.join(''));
    expect(route.handled).toEqual([{ message: 'hi' }]);
    expect(watch.settled).toHaveLength(1);
  });
});

describe('What else a handler may answer', () => {
  test('events to a client that asked for JSON: the call is told as a stream', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => UI.answer(CLEAN));
    await route.ask(JSON_.request('What grows?'), JSON_.headers);
    expect(watch.settled).toMatchObject([{ call: 'stream' }]);
  });

  test('JSON that breaks off, to a client of OpenAI: refused as a completion', async () => {
    const headers = { 'content-type': 'application/json' };
    const route = await routeOf(watched(), () => new Response('{"choices": [', { headers }));
    expect(OPENAI.seen((await route.ask(OPENAI.request('What grows?'))).body)).toMatch(/did not work/);
  });

  test('nothing: a status alone passes', async () => {
    const watch = watched();
    const route = await routeOf(watch, () => new Response(null, { status: 204 }));
    expect(await route.ask({ message: 'hi' })).toMatchObject({ status: 204, body: '' });
    expect(watch.settled).toHaveLength(1);
  });

  test('an error of its own, which is judged like anything else', async () => {
    const route = await routeOf(watched(), (attempt) =>
      Response.json({ error: attempt === 1 ? 'Too many chats.' : `A ${MARKER}.` }, { status: 429 }),
    );
    expect(await route.ask({ message: 'hi' })).toMatchObject({ status: 429, body: '{"error":"Too many chats."}' });
    expect((await route.ask({ message: 'hi' })).body).not.toContain(MARKER);
  });

  test('what it throws is its own affair', async () => {
    const watch = watched();
    const handler = guardRoute(() => Promise.reject(new Error('Out of ink.')), watch.guard);
    const request = new Request('http://route.test', { method: 'POST', body: '{"message":"hi"}' });
    await expect(handler(request)).rejects.toThrow('Out of ink.');
    expect(watch.settled).toMatchObject([{ delivery: 'errored' }]);
  });

  const strange: readonly (readonly [string, ResponseInit, string])[] = [
    ['bytes', { headers: { 'content-type': 'application/octet-stream' } }, MARKER],
    [
      'events of another protocol',
      { headers: { 'content-type': 'text/event-stream' } },
      event({ type: 'content_block_delta', text: MARKER }),
    ],
    [
      'an older data stream',
      { headers: { 'content-type': 'text/plain', 'x-vercel-ai-data-stream': 'v1' } },
      `0:"zo"\n0:"rp"\n`,
    ],
  ];
  test.for(strange)('%s is unsupported: told, and ruled by whenUnchecked', async ([, init, body]) => {
    const lenient = watched();
    const passing = await routeOf(lenient, () => new Response(streamOf([body]), init));
    expect((await passing.ask({ message: 'hi' })).body).toBe(body);
    expect(lenient.settled).toMatchObject([{ output: { unchecked: [{ reason: 'unsupported', path: 'body' }] } }]);
    const strict = watched({ whenUnchecked: { unsupported: 'block' } });
    const blocking = await routeOf(strict, () => new Response(streamOf([body]), init));
    const came = await blocking.ask({ message: 'hi' });
    expect(came.body).toMatch(/did not work/);
    expect(strict.settled).toMatchObject([{ delivery: 'refused' }]);
  });

  test('a stream over GET is judged too', async () => {
    const route = await routeOf(watched(), () => UI.answer(FLAGGED));
    const body = await (await fetch(route.url)).text();
    expect(UI.seen(body)).toContain(REFUSED);
    expect(body).not.toContain('rp');
  });
});

describe('With release: immediate', () => {
  test('text flows at once, and a flag takes it back in the browser', async () => {
    const watch = watched({ output: { release: 'immediate' } });
    const route = await routeOf(watch, () => UI.answer(FLAGGED));
    const { body } = await route.ask(UI.request('hi'));
    const types = events(body).map(({ type }) => type);
    expect(types.indexOf('reset-step')).toBeGreaterThan(types.indexOf('text-delta'));
    expect(types.slice(types.indexOf('reset-step'))).toEqual([
      'reset-step',
      'data-chaperone',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ]);
  });

  test.for([OPENAI, JSON_])('$name does not leave before it was judged', async ({ answer, request, seen }) => {
    const route = await routeOf(watched({ output: { release: 'immediate' } }), () => answer(FLAGGED));
    const { body } = await route.ask(request('hi'));
    expect(seen(body)).toBe(REFUSED);
    expect(body).not.toContain(MARKER);
    const clean = await routeOf(watched({ output: { release: 'immediate' } }), () => answer(CLEAN));
    expect((await clean.ask(request('hi'))).body).toBe(await answer(CLEAN).text());
  });
});

describe('How a call ends', () => {
  test('a client that leaves ends the handler and its answer', async () => {
    const watch = watched();
    let isCancelled = false;
    let signal: AbortSignal | undefined;
    const pieces = Array.from({ length: 5_000 }, (_, at) => `Line ${at} of many. `);
    const route = await routeOf(watch, (_attempt, request) => {
      ({ signal } = request);
      return new Response(
        streamOf(pieces, () => void (isCancelled = true)),
        { headers: { 'content-type': 'text/plain' } },
      );
    });
    const controller = new AbortController();
    const response = await fetch(route.url, { method: 'POST', body: '{"message":"hi"}', signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await expect
      .poll(() => [isCancelled, signal?.aborted, watch.settled[0]?.delivery])
      .toEqual([true, true, 'aborted']);
  });

  test('a block ends the answer of the handler, and aborts its request', async () => {
    let isCancelled = false;
    let signal: AbortSignal | undefined;
    const pieces = [`A ${MARKER}. `, ...Array.from({ length: 5_000 }, () => 'More of it. ')];
    const route = await routeOf(watched(), (_attempt, request) => {
      ({ signal } = request);
      return new Response(
        streamOf(pieces, () => void (isCancelled = true)),
        { headers: { 'content-type': 'text/plain' } },
      );
    });
    expect((await route.ask({ message: 'hi' })).body).toBe(REFUSED);
    await expect.poll(() => [isCancelled, signal?.aborted]).toEqual([true, true]);
  });

  test('waitUntil is told once a request, and ends when all was told', async () => {
    const watch = watched(
      { fallback: log({ logger: { warn: () => {} } }) },
      fakeModerator({ flags: { [MARKER]: 'violence' }, delay: 50 }),
    );
    const works: Promise<unknown>[] = [];
    const route = await routeOf(watch, () => TEXT.answer(FLAGGED), { waitUntil: (work) => void works.push(work) });
    await route.ask({ message: 'hi' });
    expect(watch.flagged).toEqual([]);
    expect(works).toHaveLength(1);
    await Promise.all(works);
    expect(watch.flagged).toHaveLength(1);
    expect(watch.settled).toHaveLength(1);
  });

  test.for([{}, { status: 403 }] as const)(
    'waitUntil ends also when the input is blocked, with %j',
    async (options) => {
      const works: Promise<unknown>[] = [];
      const route = await routeOf(watched(), () => TEXT.answer(CLEAN), {
        ...options,
        waitUntil: (work) => void works.push(work),
      });
      await route.ask({ message: MARKER });
      expect(await Promise.all(works)).toHaveLength(1);
    },
  );
});

describe('A wrong argument is refused by name', () => {
  const { guard } = watched();
  test.for([
    [{ statuss: 400 }, /guardRoute\.statuss.*is not an option/],
    [{ status: 99 }, /guardRoute\.status.*from 200 to 599/],
    [{ maxBytes: 0 }, /guardRoute\.maxBytes/],
    [{ protocol: 'xml' }, /guardRoute\.protocol/],
  ] as const)('%j', ([options, says]) => {
    expect(() => void Reflect.apply(guardRoute, undefined, [() => new Response(), guard, options])).toThrow(says);
  });
});
