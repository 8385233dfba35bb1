import { afterEach, describe, expect, test, vi } from 'vitest';
import { clear, failed, unsupported } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { nothing, scripted } from './support/moderators.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('A verdict is remembered: the same text is not sent again, and the decision is the same', async () => {
  const moderator = scripted();
  const guard = watch({ moderators: [moderator] });
  const [first, second] = [await guard.check('zorp'), await guard.check('zorp')];
  expect(moderator.requests).toHaveLength(1);
  expect({ ...second, id: '' }).toEqual({ ...first, id: '' });
  expect(guard.told.flagged).toHaveLength(2);
});

test('`cache: false` keeps nothing', async () => {
  const moderator = scripted();
  const guard = watch({ moderators: [moderator], moderation: { cache: false } });
  await guard.check('zorp');
  await guard.check('zorp');
  expect(moderator.requests).toHaveLength(2);
});

test('The verdict of one moderator is never taken for that of another', async () => {
  const guard = watch({ moderators: [scripted({ name: 'mild', script: nothing }), scripted({ name: 'stern' })] });
  for (let time = 0; time < 2; time++)
    expect((await guard.check('zorp')).verdicts).toMatchObject([
      { moderator: 'mild', status: 'clear' },
      { moderator: 'stern', status: 'flagged' },
    ]);
});

test('Two guards share nothing', async () => {
  const moderator = scripted();
  await watch({ moderators: [moderator] }).check('zorp');
  await watch({ moderators: [moderator] }).check('zorp');
  expect(moderator.requests).toHaveLength(2);
});

test.each([
  ['failed', () => failed('unavailable')],
  ['unsupported', () => unsupported('language')],
])('What is %s is asked again', async (_, script) => {
  const moderator = scripted({ script });
  const guard = watch({ moderators: [moderator] });
  await guard.check('hello');
  await guard.check('hello');
  expect(moderator.requests).toHaveLength(2);
});

test('A verdict is good for as long as `ttl` says, one hour unless set', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  for (const [ttl, moderation] of [
    [60 * 60 * 1_000, {}],
    [500, { cache: { ttl: 500 } }],
  ] as const) {
    const moderator = scripted({ script: nothing });
    const guard = watch({ moderators: [moderator], moderation });
    await guard.check('hello');
    vi.advanceTimersByTime(ttl - 1);
    await guard.check('hello');
    expect(moderator.requests).toHaveLength(1);
    vi.advanceTimersByTime(2);
    await guard.check('hello');
    expect(moderator.requests).toHaveLength(2);
  }
});

test('It is bounded by entries: what was used last stays, what was not goes', async () => {
  const moderator = scripted({ script: nothing });
  const guard = watch({ moderators: [moderator], moderation: { cache: { entries: 10 } } });
  for (let index = 0; index < 100; index++) await guard.check(`text ${index}`);
  expect(moderator.requests).toHaveLength(100);
  await guard.check('text 99');
  expect(moderator.requests).toHaveLength(100);
  await guard.check('text 0');
  expect(moderator.requests).toHaveLength(101);
});

test('It is bounded by characters: long texts push one another out, and stay correct', async () => {
  const moderator = scripted();
  const guard = watch({ moderators: [moderator] });
  const long = (index: number): string => `${index} zorp ${'x'.repeat(1_000_000)}`;
  for (let index = 0; index < 40; index++) expect((await guard.check(long(index))).action).toBe('block');
  expect((await guard.check(long(0))).action).toBe('block');
  expect(moderator.requests).toHaveLength(41);
  await guard.check(long(0));
  expect(moderator.requests).toHaveLength(41);
});

describe('What a verdict is remembered for', () => {
  test('is the policy of the moment: the same verdict, another decision', async () => {
    const moderator = scripted();
    const guard = watch({
      moderators: [moderator],
      policy: ({ tenant }) => (tenant === 'mild' ? { categories: { zorp: 'ignore' } } : {}),
    });
    expect((await guard.check('zorp')).action).toBe('block');
    expect((await guard.check('zorp', { context: { tenant: 'mild' } })).action).toBe('allow');
    expect(moderator.requests).toHaveLength(1);
  });

  test('is the conversation too, where the moderator reads it', async () => {
    const moderator = scripted({ reads: 'conversation', script: () => clear() });
    const guard = watch({ moderators: [moderator] });
    const after = (said: string): Promise<unknown> =>
      guard.check([
        { role: 'user', content: said },
        { role: 'assistant', content: 'fine' },
        { role: 'user', content: 'and now?' },
      ]);
    await after('one');
    await after('two');
    await after('one');
    expect(moderator.requests).toHaveLength(6); // three turns, each in two conversations
  });
});
