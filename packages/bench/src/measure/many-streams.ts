import { createGuard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { guardFetch } from '@chaperone/openai';
import { besideServer } from '../server-process.ts';
import type { Row } from '../table.ts';

const STREAMS = 500;
/** Milliseconds; a token every 40 of them, for more is what the two cores of a server cannot send to 500. */
const TIMING = { firstToken: 200, perToken: 40, moderation: 150 };

/** Five hundred streams at once, that begin within a second, without a guard and with one. */
export function measureManyStreams(): Promise<readonly Row[]> {
  return besideServer(TIMING, async (url) => {
    let windows = 0;
    let requests = 0;
    const counting: typeof fetch = (input, init) => {
      requests += 1;
      const sent = typeof init?.body === 'string' ? init.body : '{}';
      const body = JSON.parse(sent) as { readonly input: string | readonly string[] }; // what the moderator sends
      windows += Array.isArray(body.input) ? body.input.length : 1;
      return fetch(input, init);
    };
    const guard = createGuard({
      moderators: { input: [], output: [openaiModeration({ apiKey: 'none', baseURL: url, fetch: counting })] },
      moderation: { deadline: 20_000 },
    });
    const unchecked = { count: 0 };
    guard.on('settled', ({ delivery, output }) => {
      if (delivery !== 'delivered' || !output || output.unchecked.length > 0) unchecked.count += 1;
    });
    const plain = await play(fetch, url);
    const guarded = await play(guardFetch(fetch, guard), url);
    if (unchecked.count > 0) throw new Error(`${unchecked.count} streams were not checked, or not delivered.`);
    return [
      {
        what: `${STREAMS} streams: moderation requests, of one a window`,
        goal: 1 / 8,
        measured: requests / windows,
        digits: 3,
      },
      { what: '  p99 of the first text, without a guard', measured: plain.first, unit: 'ms', digits: 0 },
      { what: '  p99 of the first text, guarded', measured: guarded.first, unit: 'ms', digits: 0 },
      {
        what: '  memory a stream, over one without a guard',
        measured: (guarded.memory - plain.memory) / 1_024,
        unit: 'KB',
        digits: 1,
      },
    ];
  });
}

interface Played {
  /** p99, in milliseconds. */
  readonly first: number;
  /** Bytes of the heap for each stream, while all of them are open. */
  readonly memory: number;
}

async function play(send: typeof fetch, url: string): Promise<Played> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let open = 0;
  let most = 0;
  const watch = setInterval(() => {
    if (open === STREAMS) most = Math.max(most, process.memoryUsage().heapUsed - before);
  }, 100);
  const one = async (index: number): Promise<number> => {
    await new Promise((resolve) => {
      setTimeout(resolve, (index * 1_000) / STREAMS);
    });
    const begin = performance.now();
    open += 1;
    const response = await send(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
      body: JSON.stringify({
        model: 'scripted',
        stream: true,
        messages: [{ role: 'user', content: `Question ${index}` }],
      }),
    });
    let first = 0;
    let last = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      last = decoder.decode(bytes, { stream: true });
      if (first === 0 && last.includes('"content":"Reply')) first = performance.now() - begin;
    }
    open -= 1;
    if (!last.includes('[DONE]')) throw new Error('A stream did not end.');
    return first;
  };
  const firsts = await Promise.all(Array.from({ length: STREAMS }, (_, index) => one(index)));
  clearInterval(watch);
  return { first: firsts.toSorted((a, b) => a - b)[Math.floor(STREAMS * 0.99)] ?? Number.NaN, memory: most / STREAMS };
}
