import { guardModel, type GuardableModel } from '@chaperone/ai-sdk';
import { clear, createGuard, type Moderator } from '@chaperone/core';
import { interleave, median } from '../rounds.ts';
import type { Row } from '../table.ts';

type Model = Extract<GuardableModel, { specificationVersion: 'v4' }>;
type Stream = Awaited<ReturnType<Model['doStream']>>['stream'];
type Part = Stream extends ReadableStream<infer P> ? P : never;

const TOKENS = 400;
const STREAMS_PER_ROUND = 20;

/** A moderator that is there at once: what is left is the guard's own work. */
const moderator: Moderator = {
  name: 'instant',
  categories: ['invented'],
  moderate: (items) => Promise.resolve(items.map(() => clear())),
};

let said = 0;

/** A model whose streams have a part for each token. */
const model: Model = {
  specificationVersion: 'v4',
  provider: 'instant',
  modelId: 'instant',
  supportedUrls: {},
  doGenerate: () => Promise.reject(new Error('This model only streams.')),
  doStream: async () => {
    const reply = ++said;
    let token = -2;
    const stream: Stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(partAt(token, reply));
        if (token === TOKENS + 1) controller.close();
        token += 1;
      },
    });
    return { stream };
  },
};

function partAt(token: number, reply: number): Part {
  if (token === -2) return { type: 'stream-start', warnings: [] };
  if (token === -1) return { type: 'text-start', id: '0' };
  if (token === TOKENS) return { type: 'text-end', id: '0' };
  if (token > TOKENS)
    return {
      type: 'finish',
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: TOKENS, text: TOKENS, reasoning: 0 },
      },
    };
  const delta = token % 12 === 11 ? 'end. ' : token % 12 === 0 ? `${reply} ${token} ` : 'word ';
  return { type: 'text-delta', id: '0', delta };
}

/** The processor time, of all threads, that a guard adds to a streamed token at the level of the AI SDK's models. */
export async function measureModelCpu(rounds: number): Promise<readonly Row[]> {
  const guarded = guardModel(model, createGuard({ moderators: [moderator] }));
  const burn =
    ({ doStream }: Pick<Model, 'doStream'>) =>
    async (): Promise<number> => {
      const start = process.cpuUsage();
      for (let round = 0; round < STREAMS_PER_ROUND; round++) {
        const text = `Question ${++said}?`;
        const { stream } = await doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text }] }] });
        const reader = stream.getReader();
        let parts = 0;
        while (!(await reader.read()).done) parts += 1;
        if (parts !== TOKENS + 4) throw new Error(`The stream has ${parts} parts.`);
      }
      const { user, system } = process.cpuUsage(start);
      return (user + system) / STREAMS_PER_ROUND / TOKENS; // microseconds
    };
  const ways = { unguarded: burn(model), guarded: burn(guarded) };
  await interleave(30, ways); // until the code is warm and compiled
  const spent = await interleave(rounds, ways);
  return [
    { what: 'CPU of an unguarded part of a model', measured: median(spent.unguarded), unit: 'µs', digits: 2 },
    {
      what: 'CPU added per streamed token, at the level of an AI SDK model',
      goal: 2,
      measured: median(spent.guarded.map((cost, round) => cost - (spent.unguarded[round] ?? Number.NaN))),
      unit: 'µs',
      digits: 2,
    },
  ];
}
