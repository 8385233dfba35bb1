import { createGuard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { guardFetch } from '@chaperone/openai';
import { startServer } from '@chaperone/testing';
import { interleave, median } from '../rounds.ts';
import type { Row } from '../table.ts';

/** How long the server takes to moderate a text and to generate a reply, in milliseconds. */
const MODERATION = 150;
const GENERATION = 600;

/** How much slower than two moderation calls written by hand a guard may be, in units of one such call. */
const OVER_BY_HAND = 0.04;

/** What a guard adds to a reply, in moderation latencies, beside two calls in a row written by hand. */
export async function measureReplyLatency(rounds: number): Promise<readonly Row[]> {
  let said = 0; // no two texts are the same, so no verdict comes from a cache
  const server = await startServer({
    timing: { reply: GENERATION, moderation: MODERATION },
    chat: () => `Answer number ${++said}.`,
  });
  try {
    const moderators = [openaiModeration({ apiKey: 'none', baseURL: server.url })];
    const before = guardFetch(fetch, createGuard({ moderators }));
    const during = guardFetch(fetch, createGuard({ moderators, input: { timing: 'during' } }));

    const post = async (send: typeof fetch, path: string, body: object): Promise<unknown> => {
      const response = await send(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      return response.json();
    };
    const generate = async (send: typeof fetch, content: string): Promise<string> =>
      textOf(await post(send, '/chat/completions', { model: 'scripted', messages: [{ role: 'user', content }] }));
    const moderate = (input: string): Promise<unknown> => post(fetch, '/moderations', { input });

    const taking = (work: (content: string) => Promise<unknown>) => async (): Promise<number> => {
      const content = `Question number ${++said}?`;
      const start = performance.now();
      await work(content);
      return performance.now() - start;
    };
    const ways = {
      unguarded: taking((content) => generate(fetch, content)),
      byHand: taking(async (content) => {
        await moderate(content);
        await moderate(await generate(fetch, content));
      }),
      before: taking((content) => generate(before, content)),
      during: taking((content) => generate(during, content)),
    };

    await Promise.all(Object.values(ways).map((way) => way())); // connections are open, code is warm
    const asked = server.moderationRequests.length;
    const times = await interleave(rounds, ways);
    const expected = rounds * 6; // two each by hand, before and during
    if (server.moderationRequests.length - asked !== expected)
      throw new Error(`${server.moderationRequests.length - asked} moderation requests instead of ${expected}`);

    const added = (way: keyof typeof ways): number => (median(times[way]) - median(times.unguarded)) / MODERATION;
    const byHand = added('byHand');
    const rows: readonly Row[] = [
      { what: 'two calls in a row, by hand: (total − G) / M', limit: 2, measured: byHand },
      {
        what: `reply, input 'before': (total − G) / M`,
        limit: 2,
        goal: Math.max(2.05, byHand + OVER_BY_HAND), // on a busy machine two calls by hand are above 2.05 themselves
        measured: added('before'),
      },
      { what: '  the same, over two calls by hand', limit: 0, goal: OVER_BY_HAND, measured: added('before') - byHand },
      { what: `reply, input 'during': (total − G) / M`, limit: 1, goal: 1.05, measured: added('during') },
    ];
    return rows.map((row) => ({ ...row, digits: 3 }));
  } finally {
    await server.close();
  }
}

function textOf(completion: unknown): string {
  const { choices } = completion as { readonly choices: readonly { readonly message: { readonly content: string } }[] };
  const content = choices[0]?.message.content;
  if (!content?.startsWith('Answer number')) throw new Error('The reply is not the one that was generated.');
  return content;
}
