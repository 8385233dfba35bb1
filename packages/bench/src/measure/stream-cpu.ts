import { clear, createGuard, type Moderator } from '@chaperone/core';
import { guardFetch } from '@chaperone/openai';
import { interleave, median } from '../rounds.ts';
import type { Row } from '../table.ts';

const TOKENS = 400;
const STREAMS_PER_ROUND = 20;

/** A moderator that is there at once: what is left is the guard's own work. */
const moderator: Moderator = {
  name: 'instant',
  categories: ['invented'],
  moderate: (items) => Promise.resolve(items.map(() => clear())),
};

const encoder = new TextEncoder();
let said = 0;

/** A stream of as many events as tokens, each in a chunk of its own. */
const model: typeof fetch = () => {
  const reply = ++said;
  let token = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const isEnd = token === TOKENS;
      const content = token % 12 === 11 ? 'end. ' : token % 12 === 0 ? `${reply} ${token} ` : 'word ';
      const delta = isEnd ? {} : { content };
      const finish_reason = isEnd ? 'stop' : null;
      const data = {
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'instant',
        choices: [{ index: 0, delta, finish_reason }],
      };
      controller.enqueue(encoder.encode(`data: ${JSON.stringify(data)}\n\n`));
      token += 1;
      if (!isEnd) return;
      controller.enqueue(encoder.encode('data: [DONE]\n\n'));
      controller.close();
    },
  });
  return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
};

/** The processor time, of all threads, that a guard adds to a streamed token at the level of `fetch`. */
export async function measureStreamCpu(rounds: number): Promise<readonly Row[]> {
  const guard = createGuard({ moderators: [moderator] });
  const burn = (send: typeof fetch) => async (): Promise<number> => {
    const start = process.cpuUsage();
    for (let stream = 0; stream < STREAMS_PER_ROUND; stream++) {
      const response = await send('http://127.0.0.1/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'instant',
          stream: true,
          messages: [{ role: 'user', content: `Question ${++said}?` }],
        }),
      });
      let bytes = 0;
      for await (const chunk of response.body ?? []) bytes += chunk.length;
      if (bytes < TOKENS * 100) throw new Error('The stream is not whole.');
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / STREAMS_PER_ROUND / TOKENS; // microseconds
  };
  const ways = { unguarded: burn(model), guarded: burn(guardFetch(model, guard)) };
  await interleave(30, ways); // until the code is warm and compiled
  const spent = await interleave(rounds, ways);
  return [
    { what: 'CPU of an unguarded token', measured: median(spent.unguarded), unit: 'µs', digits: 2 },
    {
      what: 'CPU added per streamed token, at the level of fetch',
      goal: 4,
      measured: median(spent.guarded.map((cost, round) => cost - (spent.unguarded[round] ?? Number.NaN))),
      unit: 'µs',
      digits: 2,
    },
  ];
}
