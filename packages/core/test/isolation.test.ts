import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clear, createGuard, type Decision } from '../src/index.ts';
import { answering, sleep, type Scripted } from './support/moderators.ts';

const slow = (): Scripted =>
  answering(
    async (items) => {
      await sleep(20);
      return items.map(() => clear());
    },
    { batch: { items: 100, characters: 10_000 } },
  );

describe('Where no request may wait for what another one has begun', () => {
  beforeEach(() => void vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' }));
  afterEach(() => void vi.unstubAllGlobals());

  test('two calls at once ask each for itself, and a later one remembers what they were told', async () => {
    const moderator = slow();
    const guard = createGuard({ moderators: [moderator] });
    const tenant = guard.with({ tenant: 'lake' });
    await Promise.all([guard.check('by the lake'), guard.check('by the lake'), tenant.check('by the lake')]);
    expect(moderator.requests).toHaveLength(3);
    await guard.check('by the lake');
    expect(moderator.requests).toHaveLength(3);
  });

  test('all texts of one list go together', async () => {
    const moderator = slow();
    const decisions: Decision[] = [];
    for await (const decision of createGuard({ moderators: [moderator] }).checkMany(['a', 'b', 'c', 'd']))
      decisions.push(decision);
    expect(decisions.map(({ action }) => action)).toEqual(['allow', 'allow', 'allow', 'allow']);
    expect(moderator.requests.map(({ items }) => items.length)).toEqual([4]);
  });
});

test('Elsewhere two calls at once wait for the same request', async () => {
  const moderator = slow();
  const guard = createGuard({ moderators: [moderator] });
  await Promise.all([guard.check('by the lake'), guard.check('by the lake')]);
  expect(moderator.requests).toHaveLength(1);
});
