import { retry } from '@chaperone/core';
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { describe, expect, test } from 'vitest';
import { guardHono } from '../src/index.ts';
import { serve } from './serve.ts';
import { MARKER, REFUSED, watched, type Watched } from './support/watch.ts';

const SAYS = { clean: 'Sea holly grows by the sea.', flagged: `Then a ${MARKER} came.` };

function appOf({ guard }: Watched, handled: unknown[]): Hono {
  const app = new Hono();
  app.use('/chat/*', guardHono(guard));
  app.post('/chat/:what', async (context) => {
    handled.push(await context.req.json());
    context.header('x-own', 'kept');
    const text = context.req.param('what') === 'flagged' ? SAYS.flagged : SAYS.clean;
    if (context.req.query('whole') !== undefined) return context.json({ reply: text });
    return streamText(context, async (stream) => void (await stream.write(text)));
  });
  app.get('/other', (context) => context.text(SAYS.flagged));
  return app;
}

async function ask(watch: Watched, path: string, message: string) {
  const handled: unknown[] = [];
  const app = appOf(watch, handled);
  await using served = await serve(async (request) => app.fetch(request));
  const response = await fetch(`${served.url}${path}`, { method: 'POST', body: JSON.stringify({ message }) });
  return { body: await response.text(), headers: response.headers, handled };
}

describe.for(['', '?whole'])('Behind guardHono, a handler that answers %s', (whole) => {
  test('is asked, and its clean answer and headers pass', async () => {
    const came = await ask(watched(), `/chat/clean${whole}`, 'hi');
    expect(came.body).toContain(SAYS.clean);
    expect(came.headers.get('x-own')).toBe('kept');
    expect(came.handled).toEqual([{ message: 'hi' }]);
  });

  test('is not asked what is blocked', async () => {
    const watch = watched();
    const came = await ask(watch, `/chat/clean${whole}`, MARKER);
    expect(came.body).toBe(REFUSED);
    expect(came.handled).toEqual([]);
    expect(watch.settled).toHaveLength(1);
  });

  test('has a flagged answer refused', async () => {
    const came = await ask(watched(), `/chat/flagged${whole}`, 'hi');
    expect(came.body).toContain(REFUSED);
    expect(came.body).not.toContain(MARKER);
  });

  test('is asked once, also with retry()', async () => {
    const came = await ask(watched({ output: { fallback: retry() } }), `/chat/flagged${whole}`, 'hi');
    expect(came.body).toContain(REFUSED);
    expect(came.handled).toHaveLength(1);
  });
});

test.for([
  ['empty', '', 400],
  ['not JSON', '{"message"', 400],
  ['of another shape', '{"query":"hi"}', 400],
  ['of 10 MB', `{"message":"${'x'.repeat(10_000_000)}"}`, 413],
  ['a form', new URLSearchParams({ message: 'hi' }), 415],
] as const)(
  'Behind guardHono a body that is %s gets a clear answer, and the next one is read',
  async ([, body, status]) => {
    const handled: unknown[] = [];
    const app = appOf(watched(), handled);
    await using served = await serve(async (request) => app.fetch(request));
    const url = `${served.url}/chat/clean`;
    const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
    expect((await fetch(url, { method: 'POST', body, headers: type })).status).toBe(status);
    expect(await (await fetch(url, { method: 'POST', body: '{"message":"hi"}' })).text()).toBe(SAYS.clean);
    expect(handled).toEqual([{ message: 'hi' }]);
    expect(served.thrown).toEqual([]);
  },
);

test('waitUntil of the runtime is used where there is one', async () => {
  const watch = watched();
  const works: Promise<unknown>[] = [];
  const executionCtx = {
    waitUntil: (work: Promise<unknown>) => void works.push(work),
    passThroughOnException() {},
    props: {},
  };
  const request = new Request('http://app.test/chat/clean', { method: 'POST', body: '{"message":"hi"}' });
  const response = await appOf(watch, []).fetch(request, {}, executionCtx);
  expect(await response.text()).toBe(SAYS.clean);
  expect(works).toHaveLength(1);
  await Promise.all(works);
  expect(watch.settled).toHaveLength(1);
});
