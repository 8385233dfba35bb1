import { describe, expect, test } from 'vitest';
import { QuotaMeter, SlidingWindow, type Quota } from './quota.ts';

const LET_IN = undefined;
const asAny = { exempt: false };

describe('a sliding window', () => {
  test('sums what was added in the last so many milliseconds', () => {
    const window = new SlidingWindow(100);
    window.add(0, 3);
    window.add(40, 5);
    expect([window.sum(40), window.sum(99), window.sum(100), window.sum(139), window.sum(140)]).toEqual([
      8, 8, 5, 5, 0,
    ]);
  });

  test('keeps the highest sum there ever was', () => {
    const window = new SlidingWindow(100);
    expect(window.most).toBe(0);
    for (const at of [0, 60, 120, 500]) window.add(at, 2);
    expect(window.most).toBe(4);
  });

  test('says how long an amount has to wait, until it fits and not longer', () => {
    const window = new SlidingWindow(100);
    window.add(0, 6);
    window.add(30, 4);
    expect(window.waitFor(2, 12, 50)).toBe(0);
    expect(window.waitFor(3, 12, 50)).toBe(50);
    expect(window.waitFor(9, 12, 50)).toBe(80);
  });

  test('says that an amount above the limit never fits, also where nothing was added', () => {
    const window = new SlidingWindow(100);
    expect(window.waitFor(13, 12, 0)).toBe(Infinity);
    window.add(0, 6);
    expect(window.waitFor(13, 12, 0)).toBe(Infinity);
  });

  test('says when it will be empty', () => {
    const window = new SlidingWindow(100);
    expect(window.emptyIn(0)).toBe(0);
    window.add(0, 6);
    window.add(30, 4);
    expect([window.emptyIn(50), window.emptyIn(130)]).toEqual([80, 0]);
  });

  test.for([1, 2, 3, 4, 5, 6, 7, 8])('agrees with a count from scratch, whatever is added when: series %i', (seed) => {
    const random = randomFrom(seed);
    const length = 1 + random(40);
    const limit = 1 + random(30);
    const window = new SlidingWindow(length);
    const added: { at: number; amount: number }[] = [];
    const sumAt = (time: number): number =>
      added.reduce((sum, { at, amount }) => (at > time - length && at <= time ? sum + amount : sum), 0);
    let most = 0;
    for (let at = 0; added.length < 200; at += random(6)) {
      const amount = random(12);
      const wait = window.waitFor(amount, limit, at);
      if (amount > limit) expect(wait).toBe(Infinity);
      else {
        expect(sumAt(at + wait) + amount).toBeLessThanOrEqual(limit);
        if (wait > 0) expect(sumAt(at + wait - 1) + amount).toBeGreaterThan(limit);
      }
      window.add(at, amount);
      added.push({ at, amount });
      most = Math.max(most, sumAt(at));
      expect(window.sum(at)).toBe(sumAt(at));
      expect(sumAt(at + window.emptyIn(at))).toBe(0);
    }
    expect(window.most).toBe(most);
  });
});

describe('a quota', () => {
  /** A token a character, so that the sums are plain. */
  const meterOf = (quota: Quota): QuotaMeter => new QuotaMeter({ tokensOf: ({ length }) => length, ...quota });

  test('lets in as much as it says, and refuses what would be more', () => {
    const meter = meterOf({ tokens: 10, window: 100 });
    expect(meter.take(['1234', '567'], 0, asAny)).toBe(LET_IN);
    expect(meter.take(['1234'], 20, asAny)).toEqual({ unit: 'tokens', limit: 10, used: 7, requested: 4, wait: 80 });
    expect(meter.take(['123'], 20, asAny)).toBe(LET_IN);
    expect(meter.take(['1'], 99, asAny)).toEqual({ unit: 'tokens', limit: 10, used: 10, requested: 1, wait: 1 });
    expect(meter.take(['1234'], 100, asAny)).toBe(LET_IN);
  });

  test('limits requests as well as tokens', () => {
    const meter = meterOf({ requests: 2, window: 100 });
    expect(meter.take(['any length of text'], 0, asAny)).toBe(LET_IN);
    expect(meter.take([], 10, asAny)).toBe(LET_IN);
    expect(meter.take([], 20, asAny)).toEqual({ unit: 'requests', limit: 2, used: 2, requested: 1, wait: 80 });
  });

  test('names the limit that takes longest where a request is over both', () => {
    const meter = meterOf({ requests: 2, tokens: 10, window: 100 });
    meter.take(['1'], 0, asAny);
    meter.take(['123456789'], 50, asAny);
    expect(meter.take(['1'], 60, asAny)).toMatchObject({ unit: 'requests', wait: 40 });
    expect(meter.take(['12'], 60, asAny)).toMatchObject({ unit: 'tokens', wait: 90 });
  });

  test('does not count what it refused, however often that is tried', () => {
    const meter = meterOf({ requests: 1, tokens: 10, window: 100 });
    meter.take(['1234567890'], 0, asAny);
    for (let at = 1; at < 100; at++) expect(meter.take(['1'], at, asAny)?.wait).toBe(100 - at);
    expect(meter.take(['1'], 100, asAny)).toBe(LET_IN);
  });

  test('lets in what is exempt, and counts it', () => {
    const meter = meterOf({ tokens: 10 });
    expect(meter.take(['1234567890ab'], 0, { exempt: true })).toBe(LET_IN);
    expect(meter.take(['1'], 0, asAny)).toMatchObject({ used: 12 });
    expect(meter.standings(0)).toEqual([{ unit: 'tokens', limit: 10, remaining: 0, reset: 60_000 }]);
  });

  test('knows the most that arrived in a window, refused or not, and without any limit', () => {
    for (const limits of [{}, { requests: 0 }, { requests: 1, tokens: 3 }]) {
      const meter = meterOf({ window: 100, ...limits });
      for (const at of [0, 50, 120]) meter.take(['1234'], at, asAny);
      expect([meter.most('requests'), meter.most('tokens')]).toEqual([2, 8]);
    }
  });

  test('says how things stand with each limit that is set', () => {
    const meter = meterOf({ requests: 5, tokens: 10, window: 100 });
    meter.take(['123'], 0, asAny);
    meter.take(['12'], 30, asAny);
    expect(meter.standings(50)).toEqual([
      { unit: 'requests', limit: 5, remaining: 3, reset: 80 },
      { unit: 'tokens', limit: 10, remaining: 5, reset: 80 },
    ]);
    expect(meterOf({ requests: 5 }).standings(0)).toEqual([{ unit: 'requests', limit: 5, remaining: 5, reset: 0 }]);
    expect(meterOf({}).standings(0)).toEqual([]);
  });

  test.for<[text: string, tokens: number]>([
    ['', 0],
    ['a', 1],
    ['abcd', 1],
    ['abcde', 2],
    ['привет', 6],
    ['日本', 2],
    ['🙂', 1],
    ['\ud83d', 1],
    ['café au lait', 4], // eleven ASCII characters are 3 tokens
  ])('estimates the tokens of %j', ([text, tokens]) => {
    const meter = new QuotaMeter();
    meter.take([text], 0, asAny);
    expect(meter.most('tokens')).toBe(tokens);
  });

  test('is for 60 seconds where it does not say otherwise', () => {
    const meter = meterOf({ requests: 1 });
    meter.take([], 0, asAny);
    expect(meter.take([], 10_000, asAny)?.wait).toBe(50_000);
  });

  test.for<Quota>([
    { tokens: NaN },
    { tokens: -1 },
    { requests: NaN },
    { requests: -1 },
    { window: 0 },
    { window: -1 },
    { window: NaN },
    { window: Infinity },
  ])('is not made of %j', (quota) => {
    expect(() => new QuotaMeter(quota)).toThrow(RangeError);
  });
});

/** Whole numbers below a bound, the same in every run (a linear congruential generator). */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
