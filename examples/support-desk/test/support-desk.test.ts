import { createGuard, type Guard } from '@chaperone/core';
import { fakeModerator } from '@chaperone/testing';
import { expect, test } from 'vitest';
import { ticketWebhook } from '../src/webhook.ts';

async function send(text: string, answer: string, moderator = fakeModerator({ flags: { zorp: 'violence' } })) {
  const done: string[] = [];
  const desk = {
    reply: (id: string, said: string) => void done.push(`reply ${id}: ${said}`),
    note: (id: string, said: string) => void done.push(`note ${id}: ${said}`),
    tag: (id: string, tag: string) => void done.push(`tag ${id}: ${tag}`),
  };
  const guard: Guard = createGuard({ moderators: [moderator] });
  const body = JSON.stringify({ id: 'T-1', customer: 'c-7', text });
  const handle = ticketWebhook(guard, desk, async () => answer);
  const response = await handle(new Request('http://desk.test/webhook', { method: 'POST', body }));
  return { done, answer: await response.json() };
}

test('A clean ticket gets its answer', async () => {
  expect(await send('Where is my parcel?', 'On its way.')).toEqual({
    done: ['reply T-1: On its way.'],
    answer: { status: 'answered' },
  });
});

test('A ticket that is blocked gets no draft', async () => {
  const { done } = await send('a zorp', 'On its way.');
  expect(done).toEqual(['tag T-1: input-block', expect.stringMatching(/^note T-1: No answer was drafted/)]);
});

test('A draft that is held becomes an internal note', async () => {
  const { done } = await send('Where is my parcel?', 'At the zorp.');
  expect(done).toEqual([
    'tag T-1: output-block',
    expect.stringMatching(/^note T-1: A draft was held \(violence.*At the zorp/s),
  ]);
});

test('What could not be checked is not sent', async () => {
  const { done } = await send('Where is my parcel?', 'On its way.', fakeModerator({ fails: 'unavailable' }));
  expect(done.join()).not.toContain('reply');
});
