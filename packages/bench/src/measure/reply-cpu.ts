import { clear, createGuard, type Moderator } from '@chaperone/core';
import { guardFetch } from '@chaperone/openai';
import { interleave, median } from '../rounds.ts';
import type { Row } from '../table.ts';

const REPLIES_PER_ROUND = 2_000;

/** A moderator and a model that are there at once: what is left is the guard's own work. */
const moderator: Moderator = {
  name: 'instant',
  categories: ['invented'],
  moderate: (items) => Promise.resolve(items.map(() => clear())),
};

let said = 0; // no two texts are the same, so both checks of a call are made

const model: typeof fetch = () =>
  Promise.resolve(
    Response.json({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'instant',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: `Answer number ${++said}.`, refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
    }),
  );

/**
 * The processor time, of all threads, that a guard adds to a whole reply with its two checks. No collection of garbage
 * is forced between the rounds: it throws compiled code away, and what would be measured is the interpreter.
 */
export async function measureReplyCpu(rounds: number): Promise<readonly Row[]> {
  const guard = createGuard({ moderators: [moderator] });
  const guarded = guardFetch(model, guard);
  let checked = 0;
  guard.on('settled', ({ delivery, input, output }) => {
    if (delivery === 'delivered' && input && output) checked++;
  });

  const burn = (send: typeof fetch) => async (): Promise<number> => {
    const start = process.cpuUsage();
    for (let reply = 0; reply < REPLIES_PER_ROUND; reply++) {
      const response = await send('http://127.0.0.1/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'instant', messages: [{ role: 'user', content: `Question number ${++said}?` }] }),
      });
      await response.json();
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / REPLIES_PER_ROUND; // microseconds
  };

  const ways = { unguarded: burn(model), guarded: burn(guarded) };
  await interleave(8, ways); // until the code is warm and compiled
  checked = 0;
  const spent = await interleave(rounds, ways);
  if (checked !== rounds * REPLIES_PER_ROUND)
    throw new Error(`${checked} replies were checked twice, not ${rounds * REPLIES_PER_ROUND}`);

  return [
    { what: 'CPU of an unguarded reply', measured: median(spent.unguarded), unit: 'µs', digits: 1 },
    {
      what: 'CPU added per whole reply, two checks',
      goal: 100,
      measured: median(spent.guarded.map((cost, round) => cost - (spent.unguarded[round] ?? Number.NaN))),
      unit: 'µs',
      digits: 1,
    },
  ];
}
