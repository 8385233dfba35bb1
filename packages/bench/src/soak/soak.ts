import { clear, createGuard, flag, type Guard, type Moderator } from '@chaperone/core';
import { toExpress } from '@chaperone/express';
import { guardRoute } from '@chaperone/http';
import express from 'express';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CASES, type SoakCase } from './cases.ts';

export interface SoakResult {
  readonly answered: number;
  readonly wrong: number;
  /** Calls that told their end. */
  readonly settled: number;
  /** Bytes, after a collection. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly seconds: number;
}

/** How many requests are under way at a time. */
const AT_A_TIME = 16;

/**
 * Sends requests of all kinds through a guarded route of Express, over real HTTP on loopback: clean and flagged, whole and
 * streamed, bodies that cannot be read, clients that leave. Each has to be answered as it should be.
 */
export async function soak(requests: number): Promise<SoakResult> {
  let settled = 0;
  // Its memory is full before the heap is measured, so that what grows is what leaks.
  const guard: Guard = createGuard({
    moderators: [moderator],
    moderation: { cache: { entries: 100 } },
  });
  guard.on('settled', () => void (settled += 1));
  const app = express();
  app.post('/', toExpress(guardRoute(async (request) => answer((await request.json()) as Said), guard)));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  try {
    await send(url, Math.min(500, requests));
    const heapBefore = await heap();
    settled = 0;
    const started = performance.now();
    const { answered, wrong } = await send(url, requests);
    const seconds = (performance.now() - started) / 1_000;
    await guard.idle();
    const told = settled;
    return { answered, wrong, settled: told, heapBefore, heapAfter: await heap(), seconds };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** It keeps no list of what it was asked, as a fake one would. */
const moderator: Moderator<'violence'> = {
  name: 'zorps',
  categories: ['violence'],
  moderate: async (items) =>
    items.map(({ segment: { text = '' } }) => (text.includes('zorp') ? flag(['violence']) : clear())),
};

async function send(url: string, requests: number): Promise<{ readonly answered: number; readonly wrong: number }> {
  let next = 0;
  let answered = 0;
  let wrong = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < requests; at = next++) {
      const one = CASES[at % CASES.length];
      if (!one) continue;
      const isRight = await ask(url, one, at).catch(() => undefined);
      if (isRight !== undefined) answered += 1;
      if (isRight === false) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { answered, wrong };
}

async function ask(url: string, { body, isRight, leaves }: SoakCase, at: number): Promise<boolean> {
  const controller = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: body(at), signal: controller.signal });
  if (!leaves) return isRight(response.status, await response.text());
  await response.body?.getReader().read();
  controller.abort();
  return true;
}

interface Said {
  readonly message?: string;
  readonly prompt?: string;
}

/** A handler whose model nobody guards. */
function answer(body: Said): Response {
  const text = body.message ?? body.prompt ?? '';
  const said = text.includes('secret') ? 'It is known. The secret is a zorp.' : `You said: ${text}. `.repeat(5);
  if (body.message !== undefined) return Response.json({ reply: said });
  const pieces = said.match(/.{1,7}/gs) ?? [];
  const encoder = new TextEncoder();
  const stream = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
  return new Response(stream, { headers: { 'content-type': 'text/plain' } });
}

/** The heap that is in use after everything that can go has gone. */
async function heap(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // what the flag puts there
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    collect();
  }
  return process.memoryUsage().heapUsed;
}
