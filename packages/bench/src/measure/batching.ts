import { setTimeout as pause } from 'node:timers/promises';
import { createGuard, type Guard, type ModerationOptions } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { interleave, median } from '../rounds.ts';
import { besideServer } from '../server-process.ts';
import type { Row } from '../table.ts';

/** How long the endpoint takes, in milliseconds. */
const MODERATION = 150;
const CHECKS = 500;
/** What the machine cannot carry one by one: so many checks in the same second. */
const MANY_CHECKS = 5_000;

/** What batches save, and what they cost: checks of many callers that arrive evenly over one second, and one by itself. */
export function measureBatching(rounds: number): Promise<readonly Row[]> {
  return besideServer({ moderation: MODERATION }, (url) => measure(url, rounds));
}

async function measure(url: string, rounds: number): Promise<readonly Row[]> {
  let asked = 0;
  let said = 0;
  const counting: typeof fetch = (...request) => {
    asked += 1;
    return fetch(...request);
  };
  const guardWith = (moderation: ModerationOptions): Guard =>
    createGuard({
      moderators: [openaiModeration({ apiKey: 'none', baseURL: url, fetch: counting })],
      moderation: { deadline: 30_000, concurrency: 10_000, breaker: false, retries: 0, ...moderation },
    });
  const batched = guardWith({ concurrency: 64 });
  const alone = guardWith({ batch: false });

  const requests = { batched: [] as number[], alone: [] as number[] };
  /** The median latency of checks that come evenly over one second. */
  const over = (name: keyof typeof requests, guard: Guard, count: number) => async (): Promise<number> => {
    const before = asked;
    const begin = performance.now();
    const checks: Promise<number>[] = [];
    while (checks.length < count) {
      const due = begin + (checks.length * 1_000) / count;
      if (performance.now() < due) await pause(1);
      else
        checks.push(
          (async () => {
            const start = performance.now();
            const { unchecked } = await guard.check(`Comment number ${++said}, as nobody has written it before.`);
            if (unchecked.length > 0) throw new Error('A check failed.');
            return performance.now() - start;
          })(),
        );
    }
    const latencies = await Promise.all(checks);
    if (count === CHECKS) requests[name].push(asked - before);
    return median(latencies);
  };
  const one = (check: (text: string) => Promise<unknown>) => async (): Promise<number> => {
    const start = performance.now();
    await check(`Comment number ${++said}, all by itself.`);
    return performance.now() - start;
  };
  const byHand = async (input: string): Promise<unknown> => {
    const response = await fetch(`${url}/moderations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
      body: JSON.stringify({ model: 'omni-moderation-latest', input }),
    });
    return response.json();
  };
  const single = { byHand: one(byHand), guarded: one((text) => batched.check(text)) };
  const load = { batched: over('batched', batched, CHECKS), alone: over('alone', alone, CHECKS) };
  const overload = { batched: over('batched', batched, MANY_CHECKS), alone: over('alone', alone, MANY_CHECKS) };

  await interleave(1, load); // connections are open, code is warm
  requests.batched.length = requests.alone.length = 0;
  const singles = await interleave(rounds * 2, single);
  const loads = await interleave(rounds, load);
  const overloads = await interleave(Math.max(2, Math.ceil(rounds / 3)), overload);
  if (requests.alone.some((count) => count !== CHECKS)) throw new Error('Not every check went alone.');

  return [
    {
      what: `${CHECKS} checks over one second: requests, of one a check`,
      goal: 1 / 8,
      measured: median(requests.batched) / CHECKS,
      digits: 3,
    },
    { what: '  median latency of a check, one request each', measured: median(loads.alone), unit: 'ms', digits: 1 },
    { what: '  median latency of a check, in batches', measured: median(loads.batched), unit: 'ms', digits: 1 },
    {
      what: `${MANY_CHECKS} checks over one second: median latency in batches / alone`,
      goal: 1,
      measured: median(overloads.batched) / median(overloads.alone),
    },
    {
      what: 'a single check: milliseconds over a request by hand',
      goal: 1,
      measured: median(singles.guarded) - median(singles.byHand),
      unit: 'ms',
    },
  ];
}
