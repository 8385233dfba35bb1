import { createGuard, log } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardFetch, guardOpenAI } from '../src/index.ts';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

const client = new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 0 });
const CALL = { model: 'gpt-test' } as const;

async function failureOf(guarded: OpenAI, content: string, stream: boolean): Promise<unknown> {
  const messages = [{ role: 'user', content }] as const;
  try {
    const answer = await guarded.chat.completions.create({ ...CALL, messages: [...messages], stream });
    if (!('choices' in answer)) for await (const _ of answer);
    return 'no error';
  } catch (error) {
    return error;
  }
}

describe.each(['before', 'during'] as const)("Upstream's own errors, with timing '%s'", (timing) => {
  describe.each([429, 500])('status %i', (status) => {
    test.each([false, true])('come to the caller as they are, streamed: %s', async (stream) => {
      const guard = createGuard({
        moderators: [fakeModerator({ flags: { zorp: 'odd' }, delay: 30 })],
        input: { timing },
      });
      server.fault('chat', { kind: 'status', status });
      const error = await failureOf(guardOpenAI(client, guard), 'hello', stream);
      const unguarded = await failureOf(client, 'hello', stream);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ status, message: (unguarded as Error).message });
    });

    test.each([false, true])('are not seen where the input is blocked, streamed: %s', async (stream) => {
      const guard = createGuard({
        moderators: [fakeModerator({ flags: { zorp: 'odd' }, delay: 30 })],
        input: { timing },
      });
      const settled: string[] = [];
      guard.on('settled', ({ delivery }) => settled.push(delivery));
      server.fault('chat', { kind: 'status', status });
      expect(await failureOf(guardOpenAI(client, guard), 'zorp', stream)).toBe('no error');
      expect(settled).toEqual(['refused']);
    });
  });
});

test('With log() a verdict that is there in time changes no header and no body', async () => {
  server.setTiming({ reply: 20 });
  const lines: string[] = [];
  const guard = createGuard({
    moderators: [fakeModerator({ flags: { zorp: 'odd' } })],
    fallback: log({ logger: { warn: (line) => lines.push(line) } }),
  });
  const init = {
    method: 'POST',
    body: JSON.stringify({ ...CALL, messages: [{ role: 'user', content: 'zorp' }] }),
  };
  let given: Response | undefined;
  const inner: typeof fetch = async (...args) => (given = await fetch(...args));
  const response = await guardFetch(inner, guard)(`${server.url}/chat/completions`, init);
  expect(response).toBe(given);
  expect([...response.headers.keys()].filter((name) => name.startsWith('x-chaperone'))).toEqual([]);
  await response.text();
  await guard.idle();
  expect(lines).toHaveLength(1);
});

test('A stream that was cut off between two events, which a client takes for a whole one, is told as an error', async () => {
  const event = (delta: object, finish_reason: string | null): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const words = event({ role: 'assistant', content: 'First the fog lifts. ' }, null);
  const guard = createGuard({ moderators: [fakeModerator()] });
  const deliveries: string[] = [];
  guard.on('settled', ({ delivery }) => deliveries.push(delivery));
  for (const body of [words, words + event({}, 'stop'), `${words}${event({}, 'stop')}data: [DONE]\n\n`]) {
    const send = guardFetch(
      () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } })),
      guard,
    );
    const response = await send('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ ...CALL, stream: true, messages: [{ role: 'user', content: 'hello' }] }),
    });
    expect(await response.text()).toBe(body);
  }
  expect(deliveries).toEqual(['errored', 'delivered', 'delivered']);
});
