import { startServer } from '@chaperone/testing';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildNext, EXAMPLE, installNext, type RunningNext, startNext } from './next.ts';

/** Guarded routes in a real app of Next.js, built and started, around the real AI SDK. */
const APP = join(import.meta.dirname, 'app');
const MARKER = 'zorp';
const REFUSED = 'Let us talk of something else.';
const CLEAN = 'Sea holly grows by the sea. It is blue in the evening, and nobody waters it.';
const FLAGGED = `Sea holly grows by the sea. Then a ${MARKER} came, and nobody waters it.`;

const upstream = await startServer();
let next: RunningNext;

beforeAll(async () => {
  await installNext();
  const modules = join(APP, 'node_modules');
  if (!existsSync(modules)) symlinkSync(join(EXAMPLE, 'node_modules'), modules);
  await buildNext(APP);
  next = await startNext(APP, 'start', { env: { OPENAI_BASE_URL: upstream.url }, page: '/' });
});
afterAll(async () => {
  await next?.[Symbol.asyncDispose]();
  await upstream.close();
});
beforeEach(() => {
  upstream.reset();
  upstream.setModeration((text) => ({ flagged: text.includes(MARKER) ? ['violence'] : [] }));
});

const chat = (text: string) => ({ id: 'c', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text }] }] });

async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(`${next.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

/** What a reader of an answer sees, part by part. */
function words(body: string): string {
  const events = body.split('\n\n').filter((each) => each.startsWith('data: {'));
  if (events.length === 0) return body.startsWith('{') ? (JSON.parse(body) as { reply: string }).reply : body;
  const chunks = events.map((each) => JSON.parse(each.slice(6)) as { type: string; delta?: string });
  return chunks
    .map(({ type, delta = '' }) => (type === 'text-start' ? '\n\n' : delta))
    .join('')
    .trim();
}

/** What the guard has told since. */
function told(from: number): readonly string[] {
  return next.output
    .slice(from)
    .split('\n')
    .filter((line) => /^(?:flagged|settled) /.test(line));
}

const timesJudged = (part: string): number => upstream.moderated.filter((text) => text.includes(part)).length;

const FORMS = [
  { form: 'json', call: 'reply' },
  { form: 'text', call: 'stream' },
  { form: 'text-stream', call: 'stream' },
  { form: 'ui', call: 'stream' },
] as const;
const ROUTERS = [
  { router: 'App Router', path: (form: string, model: string) => `/api/${form}/${model}` },
  { router: 'Pages Router', path: (form: string, model: string) => `/api/pages/${form}?model=${model}` },
];
const ROUTES = ROUTERS.flatMap((each) => FORMS.map((form) => ({ ...each, ...form })));

describe.for(ROUTES)('In the $router of Next.js, a guarded route that answers as $form', ({ path, form, call }) => {
  test('passes a clean answer of an unguarded model', async () => {
    upstream.setChat(CLEAN);
    const came = await post(path(form, 'unguarded'), chat('What grows?'));
    expect(came.status).toBe(200);
    expect(words(await came.text())).toBe(CLEAN);
  });

  test('blocks the flagged answer of an unguarded model', async () => {
    upstream.setChat(FLAGGED);
    const from = next.output.length;
    const body = await (await post(path(form, 'unguarded'), chat('What grows?'))).text();
    expect(words(body)).toContain(REFUSED);
    expect(words(body)).not.toMatch(/zo|waters/);
    expect(body).not.toContain(MARKER);
    await expect.poll(() => told(from)).toEqual(['flagged output', `settled ${call} refused`]);
  });

  test('lets go what was judged before the flag, and no more, where the model takes its time', async () => {
    upstream.setChat(FLAGGED);
    upstream.setTiming({ perToken: 20 });
    const body = await (await post(path(form, 'unguarded'), chat('What grows?'))).text();
    const isStreamed = form === 'ui' || form === 'text-stream';
    expect(words(body)).toMatch(isStreamed ? /^Sea holly grows by the sea\. ?\n\nLet us/ : /^Let us/);
    expect(body).not.toContain(MARKER);
  });

  test('does not ask the model what is blocked', async () => {
    const body = await (await post(path(form, 'unguarded'), chat(`a ${MARKER}`))).text();
    expect(body).toContain(REFUSED);
    expect(upstream.chatRequests).toHaveLength(0);
  });

  test('has the answer of a guarded model judged once', async () => {
    upstream.setChat('Sea holly grows by the sea.');
    const came = await post(path(form, 'guarded'), chat('What grows?'));
    expect(words(await came.text())).toBe('Sea holly grows by the sea.');
    expect(timesJudged('holly')).toBe(1);
  });

  test('tells of the flag of a guarded model once, and passes on its refusal', async () => {
    upstream.setChat(FLAGGED);
    const from = next.output.length;
    const body = await (await post(path(form, 'guarded'), chat('What grows?'))).text();
    expect(words(body)).toContain(REFUSED);
    expect(words(body)).not.toMatch(/zo|waters/);
    expect(timesJudged(REFUSED)).toBe(0);
    await expect.poll(() => told(from).filter((line) => line.startsWith('settled'))).toHaveLength(2);
    expect(told(from).filter((line) => line === 'flagged output')).toHaveLength(1);
  });
});

describe.for(ROUTERS)('In the $router of Next.js', ({ path }) => {
  test.for(['unguarded', 'guarded'])('a client that leaves ends the model (%s)', async (model) => {
    upstream.setChat('Sea holly grows by the sea. '.repeat(300));
    upstream.setTiming({ perToken: 5 });
    const from = next.output.length;
    const controller = new AbortController();
    const response = await post(path('ui', model), chat('What grows?'), { signal: controller.signal });
    await response.body?.getReader().read();
    expect(upstream.chatRequests[0]).not.toHaveProperty('endedAt'); // what was judged is there before the end
    controller.abort();
    await expect.poll(() => upstream.chatRequests[0]?.aborted, { timeout: 5_000 }).toBe(true);
    await expect.poll(() => told(from)).toContain('settled stream aborted');
  });

  test('a body that cannot be read gets a clear answer, and the next one is read', async () => {
    upstream.setChat(CLEAN);
    const statusOf = async (body: string, headers?: Record<string, string>): Promise<number> =>
      (await post(path('ui', 'unguarded'), body, headers && { headers })).status;
    expect(await statusOf('')).toBe(400);
    expect(await statusOf('{"messages": [')).toBe(400);
    expect(await statusOf('{"query": "hi"}')).toBe(400);
    expect(await statusOf(JSON.stringify(chat('x'.repeat(10_000_000))))).toBe(413);
    expect(await statusOf('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(
      path('', '').includes('pages') ? 400 : 415,
    );
    expect(upstream.requests).toEqual([]);
    expect(words(await (await post(path('ui', 'unguarded'), chat('What grows?'))).text())).toBe(CLEAN);
  });
});
