import { guardOpenAI } from '@chaperone/openai';
import { guardRoute } from '@chaperone/http';
import { createGuard, type Events, type Guard, type GuardOptions } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import compression from 'compression';
import express5 from 'express';
import express4 from 'express-4';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardExpress, toExpress } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'Let us talk of something else.';
const CLEAN = 'Sea holly grows by the sea. It is blue.';
const FLAGGED = `Sea holly grows by the sea. Then a ${MARKER} came.`;

const upstream = await startServer();
const client = new OpenAI({ apiKey: 'none', baseURL: upstream.url, maxRetries: 0 });
const servers: Server[] = [];
afterAll(() => upstream.close());
beforeEach(() => upstream.reset());
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

function watched(options: Partial<GuardOptions> = {}) {
  const moderator = fakeModerator({ flags: { [MARKER]: 'violence' } });
  const guard: Guard = createGuard({ moderators: [moderator], message: REFUSED, ...options });
  const settled: Events['settled'][] = [];
  const flagged: Events['flagged'][] = [];
  guard.on('settled', (event) => settled.push(event));
  guard.on('flagged', (event) => flagged.push(event));
  return { guard, moderator, settled, flagged };
}

/** Both have what is used here, under types of their own. */
const EXPRESSES = [
  { name: 'Express 4', express: express4 as unknown as typeof express5 },
  { name: 'Express 5', express: express5 },
];

async function listen(app: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(app);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const ask = (content: string, stream = false) => ({ model: 'scripted', stream, messages: [{ role: 'user', content }] });

/** A web-standard handler around the real OpenAI client, as one would write it for any framework. */
const proxy =
  (openai: OpenAI) =>
  async (request: Request): Promise<Response> => {
    const { messages, stream } = (await request.json()) as {
      messages: OpenAI.ChatCompletionMessageParam[];
      stream: boolean;
    };
    const { signal } = request;
    if (!stream)
      return Response.json(await openai.chat.completions.create({ model: 'scripted', messages }, { signal }));
    const chunks = await openai.chat.completions.create({ model: 'scripted', messages, stream }, { signal });
    const iterator = chunks[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const result: IteratorResult<unknown, unknown> = await iterator.next();
        controller.enqueue(
          encoder.encode(result.done === true ? 'data: [DONE]\n\n' : `data: ${JSON.stringify(result.value)}\n\n`),
        );
        if (result.done === true) controller.close();
      },
      cancel: () => chunks.controller.abort(),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'set-cookie': 'a=1' } });
  };
const wordsIn = (body: string): string =>
  [...body.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text).join('');

describe.for(EXPRESSES)('In $name, a whole route of guardRoute and toExpress', ({ express }) => {
  for (const parser of ['with express.json()', 'without a parser'])
    for (const stream of [false, true]) {
      const route = async (openai: OpenAI, guard: Guard): Promise<string> => {
        const app = express();
        if (parser === 'with express.json()') app.use(express.json());
        app.post('/chat', toExpress(guardRoute(proxy(openai), guard)));
        return `${await listen(app)}/chat`;
      };
      const how = `${parser}, ${stream ? 'streamed' : 'whole'}`;

      test(`passes what is clean (${how})`, async () => {
        upstream.setChat(CLEAN);
        const { guard } = watched();
        const came = await post(await route(client, guard), ask('What grows?', stream));
        expect(came.status).toBe(200);
        expect(wordsIn(came.body)).toBe(CLEAN);
        if (stream) expect(came.headers.get('set-cookie')).toBe('a=1');
      });

      test(`blocks the flagged answer of an unguarded model (${how})`, async () => {
        upstream.setChat(FLAGGED);
        const { guard, settled } = watched();
        const came = await post(await route(client, guard), ask('What grows?', stream));
        expect(wordsIn(came.body)).toContain(REFUSED);
        expect(wordsIn(came.body)).not.toContain(MARKER);
        expect(settled).toMatchObject([{ delivery: 'refused', output: { action: 'block' } }]);
      });

      test(`judges once what a guarded model has said (${how})`, async () => {
        upstream.setChat(CLEAN);
        const alone = watched({ moderation: { cache: false } });
        await guardOpenAI(client, alone.guard).chat.completions.create({
          ...ask('hi', stream),
          messages: [{ role: 'user', content: 'hi' }],
        });
        const { guard, moderator } = watched({ moderation: { cache: false } });
        const came = await post(await route(guardOpenAI(client, guard), guard), ask('What grows?', stream));
        expect(wordsIn(came.body)).toBe(CLEAN);
        expect(moderator.texts.filter((text) => text.includes('blue'))).toHaveLength(1);
      });

      test(`does not ask the handler what is blocked (${how})`, async () => {
        const { guard } = watched();
        const came = await post(await route(client, guard), ask(`a ${MARKER}`, stream));
        expect(wordsIn(came.body)).toBe(REFUSED);
        expect(upstream.chatRequests).toHaveLength(0);
      });
    }

  test('ends the model when the client goes away', async () => {
    upstream.setChat('Sea holly grows by the sea. '.repeat(300));
    upstream.setTiming({ perToken: 5 });
    const { guard, settled } = watched();
    const app = express();
    app.post('/chat', express.json(), toExpress(guardRoute(proxy(client), guard)));
    const controller = new AbortController();
    const response = await fetch(`${await listen(app)}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask('What grows?', true)),
      signal: controller.signal,
    });
    await response.body?.getReader().read();
    controller.abort();
    await expect.poll(() => settled[0]?.delivery).toBe('aborted');
    await expect.poll(() => upstream.chatRequests[0]?.aborted).toBe(true);
  });

  test('lets what was judged go while the model goes on, also where answers are packed', async () => {
    upstream.setChat('Sea holly grows by the sea. '.repeat(40));
    upstream.setTiming({ perToken: 10 });
    const { guard } = watched();
    const app = express();
    app.use(compression({ threshold: 0 }));
    app.post('/chat', express.json(), toExpress(guardRoute(proxy(client), guard)));
    const response = await fetch(`${await listen(app)}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
      body: JSON.stringify(ask('What grows?', true)),
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let body = '';
    while (!wordsIn(body).includes('Sea holly grows by the sea.'))
      body += decoder.decode((await reader?.read())?.value);
    expect(upstream.chatRequests[0]).not.toHaveProperty('endedAt');
    await reader?.cancel();
  });

  test('waits for room again and again with one listener, also where answers are packed', async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', warned);
    const app = express();
    app.use(compression({ threshold: 0 }));
    const pieces = Array.from({ length: 30 }, () => new Uint8Array(randomBytes(64 * 1024)));
    const answer = (): Response => {
      let given = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = pieces[given++];
          if (piece) controller.enqueue(piece);
          else controller.close();
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/plain' } });
    };
    app.get('/much', toExpress(answer));
    const came = await fetch(`${await listen(app)}/much`, { headers: { 'accept-encoding': 'gzip' } });
    expect(came.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.concat(pieces).equals(await came.bytes())).toBe(true);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  test('gives what the handler throws to the errors of the app', async () => {
    const app = express();
    const { guard } = watched();
    app.post('/chat', toExpress(guardRoute(() => Promise.reject(new Error('Out of ink.')), guard)));
    app.use((error: Error, _request: unknown, response: express5.Response, _next: unknown) => {
      response.status(418).send(error.message);
    });
    expect(await post(`${await listen(app)}/chat`, { message: 'hi' })).toMatchObject({
      status: 418,
      body: 'Out of ink.',
    });
  });

  test.for([
    ['empty', '', 400],
    ['not JSON', '{"message"', 400],
    ['of another shape', '{"query":"hi"}', 400],
    ['of 10 MB', `{"message":"${'x'.repeat(10_000_000)}"}`, 413],
  ] as const)('answers a body that is %s, and goes on', async ([, body, status]) => {
    const app = express();
    const { guard } = watched();
    app.post('/chat', toExpress(guardRoute(() => new Response('fine'), guard)));
    const url = `${await listen(app)}/chat`;
    expect((await post(url, body)).status).toBe(status);
    expect((await post(url, { message: 'hi' })).body).toBe('fine');
  });

  test.for(['with express.json()', 'without a parser'])('reads what is packed, and no form (%s)', async (parser) => {
    const app = express();
    if (parser === 'with express.json()') app.use(express.json());
    const { guard } = watched();
    app.post('/chat', toExpress(guardRoute(async (request) => new Response(await request.text()), guard)));
    const url = `${await listen(app)}/chat`;
    const send = (body: BodyInit, headers: Record<string, string>) => fetch(url, { method: 'POST', headers, body });
    const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect(await (await send(new Uint8Array(gzipSync('{"message":"hi"}')), packed)).text()).toBe('{"message":"hi"}');
    expect(await (await send(new Uint8Array(gzipSync(`{"message":"a ${MARKER}"}`)), packed)).text()).toBe(REFUSED);
    const { status } = await send('message=hi', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([400, 415]).toContain(status); // what Express 4's parser leaves of a form is an empty object
  });

  test('survives a body that ends half way', async () => {
    const app = express();
    const { guard, settled } = watched();
    app.post('/chat', toExpress(guardRoute(() => new Response('fine'), guard)));
    const url = new URL(await listen(app));
    const socket = connect(Number(url.port), url.hostname);
    socket.write(
      'POST /chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"message": "hal',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await post(`${url.origin}/chat`, { message: 'hi' })).body).toBe('fine');
    expect(settled).toHaveLength(1);
  });

  test('finds its address also behind a router, and with an odd one', async () => {
    const app = express();
    const router = express.Router();
    const { guard } = watched();
    router.post('/chat', toExpress(guardRoute((request) => new Response(new URL(request.url).pathname), guard)));
    app.use('/api', router);
    const url = await listen(app);
    expect((await post(`${url}/api/chat`, { message: 'hi' })).body).toBe('/api/chat');
  });
});

describe.for(EXPRESSES)('In $name, guardExpress', ({ express }) => {
  const app = (guard: Guard, parse = true) => {
    const made = express();
    if (parse) made.use(express.json());
    made.post('/chat', guardExpress(guard), (request, response) => {
      response.json({ got: request.body });
    });
    return made;
  };

  test.for([true, false])('lets pass what is clean, its body parsed (by a parser before: %s)', async (parse) => {
    const { guard } = watched();
    const came = await post(`${await listen(app(guard, parse))}/chat`, { message: 'hi' });
    expect(JSON.parse(came.body)).toEqual({ got: { message: 'hi' } });
  });

  test.for([true, false])('answers what is blocked itself (by a parser before: %s)', async (parse) => {
    const { guard, settled } = watched();
    const came = await post(`${await listen(app(guard, parse))}/chat`, ask(`a ${MARKER}`));
    expect(came.status).toBe(200);
    expect(wordsIn(came.body)).toBe(REFUSED);
    expect(came.headers.get('x-chaperone-action')).toBe('block');
    expect(settled).toMatchObject([{ delivery: 'refused' }]);
  });

  test('takes an older flagged turn out of the body', async () => {
    const { guard } = watched();
    const messages = [
      { role: 'user', content: `a ${MARKER}` },
      { role: 'assistant', content: 'Hush.' },
      { role: 'user', content: 'hi' },
    ];
    const came = await post(`${await listen(app(guard))}/chat`, { messages });
    expect(came.body).not.toMatch(/zorp|Hush/);
    expect(came.body).toContain('hi');
  });

  test('judges no answer', async () => {
    const { guard, moderator } = watched();
    const made = express();
    made.post('/chat', express.json(), guardExpress(guard), (_request, response) => void response.send(MARKER));
    expect((await post(`${await listen(made)}/chat`, { message: 'hi' })).body).toBe(MARKER);
    expect(moderator.texts).toEqual(['hi']);
  });

  test('puts a warning into the headers of the answer', async () => {
    const { guard } = watched({ policy: { categories: { '*': { warn: 'flag' } } } });
    const came = await post(`${await listen(app(guard))}/chat`, { message: `a ${MARKER}` });
    expect(came.headers.get('x-chaperone-action')).toBe('warn');
    expect(came.status).toBe(200);
  });

  test.for([
    ['empty', '', 'application/json', 400, /empty/],
    ['not JSON', '{"message"', 'application/json', 400, /not JSON/],
    ['of another shape', '{"query":"hi"}', 'application/json', 400, /no chat that is known/],
    ['of 10 MB', `{"message":"${'x'.repeat(10_000_000)}"}`, 'application/json', 413, /larger/],
    ['a form', 'message=hi', 'application/x-www-form-urlencoded', 415, /application\/json/],
  ] as const)('says what is wrong with a body that is %s, and goes on', async ([, body, type, status, says]) => {
    const { guard } = watched();
    const url = `${await listen(app(guard, false))}/chat`;
    const came = await post(url, body, { 'content-type': type });
    expect(came.status).toBe(status);
    expect(came.body).toMatch(says);
    expect((await post(url, { message: 'hi' })).status).toBe(200);
  });
});

test('A handler of Next.js’s Pages Router is the same (request, response)', async () => {
  upstream.setChat(FLAGGED);
  const { guard } = watched();
  const handler = toExpress(guardRoute(proxy(client), guard));
  // As that router hands them in: Node's own, with a parsed body.
  const url = await listen((request, response) => {
    void handler(Object.assign(request, { body: ask('What grows?') }), response);
  });
  expect(wordsIn((await post(url, {})).body)).toContain(REFUSED);
});
