/**
 * One program for every runtime: guarded routes in each protocol, with nothing but what the web has. It is bundled into
 * one file, run as it is by Node, Bun and Deno, and asked by a request in workerd.
 */
import { clear, createGuard, flag, type Guard, type Moderator } from '@chaperone/core';
import { guardHono, guardRoute } from '@chaperone/http';
import { Hono } from 'hono';

const moderator: Moderator<'violence'> = {
  name: 'zorps',
  categories: ['violence'],
  moderate: async (items) =>
    items.map(({ segment: { text = '' }, before = '' }) =>
      (before + text).includes('zorp') ? flag(['violence']) : clear(),
    ),
};

const SSE = { 'content-type': 'text/event-stream' };
const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

/** What a handler with an unguarded model answers, by protocol. */
const ANSWERS: { readonly [protocol: string]: (pieces: readonly string[]) => Response } = {
  text: (pieces) => new Response(streamOf(pieces), { headers: { 'content-type': 'text/plain' } }),
  json: (pieces) => Response.json({ reply: pieces.join('') }),
  'ui-message-stream': (pieces) =>
    new Response(
      streamOf([
        event({ type: 'start' }),
        event({ type: 'start-step' }),
        event({ type: 'text-start', id: '0' }),
        ...pieces.map((delta) => event({ type: 'text-delta', id: '0', delta })),
        event({ type: 'text-end', id: '0' }),
        event({ type: 'finish-step' }),
        event({ type: 'finish' }),
      ]),
      { headers: SSE },
    ),
  'openai-stream': (pieces) =>
    new Response(
      streamOf([
        ...pieces.map((content) => event({ choices: [{ index: 0, delta: { content } }] })),
        'data: [DONE]\n\n',
      ]),
      { headers: SSE },
    ),
};

function streamOf(pieces: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...pieces];
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
}

/** Resolves with how many cases went well, or throws. */
export async function runProgram(): Promise<number> {
  const guard: Guard = createGuard({ moderators: [moderator], message: 'No.' });
  let cases = 0;
  const expect = (isRight: boolean, what: string): void => {
    if (!isRight) throw new Error(what);
    cases += 1;
  };
  for (const [protocol, answer] of Object.entries(ANSWERS)) {
    const said = { clean: ['Sea ', 'holly.'], flagged: ['A zo', 'rp.'] };
    for (const form of ['clean', 'flagged'] as const) {
      const app = new Hono();
      app.use('/hono', guardHono(guard));
      app.post('/hono', () => answer(said[form]));
      const route = guardRoute(() => answer(said[form]), guard);
      for (const handle of [route, async (request: Request) => app.fetch(request)]) {
        const ask = async (message: string): Promise<string> => {
          const body = JSON.stringify({ message });
          const headers = { 'content-type': 'application/json', 'accept-language': 'fr' };
          return (await handle(new Request('http://route.test/hono', { method: 'POST', headers, body }))).text();
        };
        const body = await ask('hello');
        const expected = form === 'clean' ? body === (await answer(said[form]).text()) : /No\./.test(body);
        expect(expected && !body.includes('rp'), `${protocol}, ${form}: ${body}`);
        expect((await ask('a zorp')).includes('No.'), `${protocol}: the input was not refused`);
      }
    }
  }
  const unpacked = guardRoute(async (request) => new Response(await request.text()), guard);
  const packed = new Blob(['{"message":"hello"}']).stream().pipeThrough(new CompressionStream('gzip'));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const answer = await unpacked(new Request('http://route.test/', { method: 'POST', headers, body }));
  expect((await answer.text()) === '{"message":"hello"}', 'the compressed body');
  await guard.idle();
  return cases;
}
