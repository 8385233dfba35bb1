import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { clear, failed, flag, type Decision, type ModerationOptions } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { answering, findWords, hang, scripted, sleep, type Script, type Scripted } from './support/moderators.ts';

let complain: MockInstance<typeof console.error>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  complain = vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A moderator that answers its requests in turn, the last answer again and again, and notes when each came. */
function inTurn(...answers: readonly Script[]): Scripted & { readonly times: number[] } {
  const times: number[] = [];
  const begun = performance.now();
  const moderator = scripted<string>({
    script: (item, options) => {
      times.push(performance.now() - begun);
      return answers[Math.min(times.length, answers.length) - 1]?.(item, options);
    },
  });
  return { ...moderator, times };
}

const down =
  (retryAfterMs = 0): Script =>
  () =>
    failed('unavailable', { retryAfterMs });

/** Checks a text; what it comes to, and after how many milliseconds. */
async function timed(
  moderator: Scripted,
  moderation: ModerationOptions = {},
): Promise<{ decision: Decision; took: number; told: readonly object[] }> {
  const guard = watch({ moderators: [moderator], moderation });
  const begun = performance.now();
  let took = 0;
  const running = guard.check('a zorp').finally(() => {
    took = performance.now() - begun;
  });
  await vi.advanceTimersByTimeAsync(5_000);
  return { decision: await running, took, told: guard.told['moderator-failed'] };
}

describe('A failure that may pass', () => {
  test('is asked again, and the answer is the verdict; nothing failed for who asked', async () => {
    const moderator = inTurn(down(), findWords);
    const { decision, told } = await timed(moderator);
    expect(decision).toMatchObject({ action: 'block', unchecked: [], findings: [{ category: 'zorp' }] });
    expect(moderator.requests).toHaveLength(2);
    expect(told).toEqual([]);
  });

  test('is asked again twice unless told otherwise, and is told once', async () => {
    const moderator = inTurn(down());
    const { decision, told } = await timed(moderator);
    expect(decision).toMatchObject({ action: 'block', findings: [], unchecked: [{ reason: 'failed' }] });
    expect(moderator.requests).toHaveLength(3);
    expect(told).toMatchObject([{ reason: 'unavailable', items: 1 }]);
  });

  test.each([0, 1, 5])('is asked again %i times where that is said', async (retries) => {
    const moderator = inTurn(down());
    await timed(moderator, { retries, deadline: 4_000, breaker: false });
    expect(moderator.requests).toHaveLength(retries + 1);
  });

  test('is not asked again with `retries: 0`: it fails at once', async () => {
    const { took, told } = await timed(inTurn(down(), findWords), { retries: 0 });
    expect(took).toBe(0);
    expect(told).toHaveLength(1);
  });

  test('is asked again as often as is said for its moderator by name', async () => {
    const moderator = inTurn(down());
    await timed(moderator, { retries: 5, moderators: { words: { retries: 1 } } });
    expect(moderator.requests).toHaveLength(2);
  });

  test.each<readonly [string, Script]>([
    [
      'thrown',
      () => {
        throw new Error('canary');
      },
    ],
    ['a rejection', async () => Promise.reject(new Error('canary'))],
  ])('may be %s: nothing of it is seen', async (_, fails) => {
    const moderator = inTurn(fails, findWords);
    expect((await timed(moderator)).decision.findings).toHaveLength(1);
    const { decision, told } = await timed(inTurn(fails));
    expect(told).toMatchObject([{ reason: 'unavailable', retryAfterMs: 0 }]);
    expect(JSON.stringify([decision, told])).not.toContain('canary');
  });

  test('may be thrown at once, not as a promise', async () => {
    let requests = 0;
    const moderator = answering(async (items) => items.map(findWords));
    const { moderate } = moderator;
    const throwing: Scripted = {
      ...moderator,
      moderate: (...args) => {
        if (requests++ === 0) throw new Error('canary');
        return moderate(...args);
      },
    };
    expect((await timed(throwing)).decision.findings).toHaveLength(1);
    expect(requests).toBe(2);
  });

  test('is not kept, and what comes after it is', async () => {
    const moderator = inTurn(down(), findWords);
    const guard = watch({ moderators: [moderator], moderation: { retries: 0 } });
    expect((await guard.check('a zorp')).unchecked).toHaveLength(1);
    expect((await guard.check('a zorp')).findings).toHaveLength(1);
    expect((await guard.check('a zorp')).findings).toHaveLength(1);
    expect(moderator.requests).toHaveLength(2);
  });
});

describe('The pause before a retry', () => {
  test.each([100, 700, 1_999])('is the %i ms that the moderator says', async (retryAfterMs) => {
    const moderator = inTurn(down(retryAfterMs), findWords);
    const { decision } = await timed(moderator);
    expect(moderator.times).toEqual([0, retryAfterMs]);
    expect(decision.findings).toHaveLength(1);
  });

  test('is not waited for where it ends with the deadline or later: it fails at once, with what the moderator says', async () => {
    for (const retryAfterMs of [2_000, 60_000]) {
      const moderator = inTurn(down(retryAfterMs), findWords);
      const { took, told } = await timed(moderator);
      expect(took).toBe(0);
      expect(moderator.times).toEqual([0]);
      expect(told).toMatchObject([{ reason: 'unavailable', retryAfterMs }]);
    }
  });

  test('is measured by what is left of the deadline', async () => {
    const moderator = inTurn(down(1_500), down(500), findWords);
    const { took, told } = await timed(moderator);
    expect(took).toBe(1_500);
    expect(moderator.times).toEqual([0, 1_500]);
    expect(told).toMatchObject([{ reason: 'unavailable', retryAfterMs: 500 }]);
  });

  test('is by chance from 50 to 100 ms, and from 100 to 200 ms before the second', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (random) => {
        const chance = vi.spyOn(Math, 'random').mockReturnValue(random);
        const moderator = inTurn(down());
        await timed(moderator);
        const [first = 0, second = 0, third = 0] = moderator.times;
        chance.mockRestore();
        expect(second - first).toBeGreaterThanOrEqual(50);
        expect(second - first).toBeLessThanOrEqual(100);
        expect(third - second).toBeGreaterThanOrEqual(100);
        expect(third - second).toBeLessThanOrEqual(200);
      }),
      { numRuns: 20 },
    );
  });

  test('differs from one to the next: not all come back at the same moment', async () => {
    const moderators = Array.from({ length: 20 }, () => inTurn(down()));
    await Promise.all(
      moderators.map(async (moderator) => {
        void watch({ moderators: [moderator] }).check('hello');
      }),
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(new Set(moderators.map(({ times }) => times[1])).size).toBeGreaterThan(3);
  });

  test('is never longer than a quarter of the deadline, unless the moderator says so', async () => {
    const moderator = inTurn(down());
    await timed(moderator, { deadline: 80, retries: 3 });
    for (const [index, time] of moderator.times.entries())
      expect(time - (moderator.times[index - 1] ?? 0)).toBeLessThanOrEqual(20);
    const asked = inTurn(down(60), findWords);
    await timed(asked, { deadline: 80 });
    expect(asked.times).toEqual([0, 60]);
  });

  test('ends with the deadline, and then it was the failure that is known', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.9);
    const moderator = inTurn(async (...args) => {
      await sleep(95);
      return down()(...args);
    });
    const { took, told } = await timed(moderator, { deadline: 100 });
    expect(took).toBe(100);
    expect(told).toMatchObject([{ reason: 'unavailable' }]);
    expect(moderator.times).toEqual([0]);
  });

  test('leaves the rest of the deadline to the retry: one that hangs is a timeout', async () => {
    const moderator = inTurn(down(300), hang);
    const { took, told } = await timed(moderator, { deadline: 500 });
    expect(took).toBe(500);
    expect(moderator.times).toEqual([0, 300]);
    expect(told).toMatchObject([{ reason: 'timeout' }]);
    expect(moderator.requests[1]?.options.signal.aborted).toBe(true);
  });

  test('is over when nobody waits any longer: nothing is asked, and no timer is left', async () => {
    const moderator = inTurn(down(500), findWords);
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const ended = guard.check('hello', { signal: controller.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    expect(await ended).toMatchObject({ name: 'AbortError' });
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(moderator.times).toEqual([0]);
    expect(guard.told['moderator-failed']).toEqual([]);
  });

  test('is that of whoever joins in it too: one retry answers both', async () => {
    const moderator = inTurn(down(500), findWords);
    const guard = watch({ moderators: [moderator] });
    const first = guard.check('a zorp');
    await vi.advanceTimersByTimeAsync(200);
    const second = guard.check('a zorp');
    await vi.advanceTimersByTimeAsync(300);
    expect((await Promise.all([first, second])).map(({ findings }) => findings.length)).toEqual([1, 1]);
    expect(moderator.times).toEqual([0, 500]);
  });
});

describe('A failure that will not pass by itself', () => {
  test.each(['denied', 'refused'] as const)(
    '(%s) is not asked again; it is said once on the console, and is an event each time',
    async (reason) => {
      const moderator = inTurn(() => failed(reason, { detail: 'Look at the key.' }));
      const guard = watch({ moderators: [moderator] });
      for (const text of ['a', 'b', 'c']) expect((await guard.check(text)).action).toBe('block');
      expect(moderator.requests).toHaveLength(3);
      expect(complain.mock.calls).toEqual([['[chaperone] words: Look at the key.']]);
      expect(guard.told['moderator-failed']).toMatchObject(
        Array.from({ length: 3 }, () => ({ reason, detail: 'Look at the key.' })),
      );
    },
  );

  test('is said again where the sentence is another', async () => {
    let detail = 'Look at the key.';
    const guard = watch({ moderators: [scripted({ script: () => failed('denied', { detail }) })] });
    await guard.check('a');
    detail = 'Look at the model.';
    await guard.check('b');
    await guard.check('c');
    expect(complain.mock.calls.flat()).toEqual([
      '[chaperone] words: Look at the key.',
      '[chaperone] words: Look at the model.',
    ]);
  });

  test.each([
    ['has nothing to say to its operator', failed('denied')],
    ['may pass after all', failed('denied', { detail: 'Busy.', retryAfterMs: 60_000 })],
    ['is an outage', failed('unavailable', { detail: 'It is down.' })],
  ])('is not said on the console where it %s', async (_, report) => {
    await watch({ moderators: [scripted({ script: () => report })] }).check('a');
    expect(complain).not.toHaveBeenCalled();
  });

  test.each<readonly [string, Script]>([
    ['an outage that says no time', () => failed('unavailable')],
    ['a quota that says no time', () => failed('quota')],
    ['an answer of the wrong shape', () => ({ status: 'fine' })],
    ['no answer', () => undefined],
  ])('is %s: it is not asked again', async (_, script) => {
    const moderator = inTurn(script, findWords);
    const { decision, took } = await timed(moderator);
    expect(decision.unchecked).toHaveLength(1);
    expect(took).toBe(0);
    expect(moderator.requests).toHaveLength(1);
  });
});

describe('A batch that fails', () => {
  const batch = { items: 10, characters: 1_000 };
  const sizesOf = ({ requests }: Scripted): readonly number[] => requests.map(({ items }) => items.length);

  test.each([
    ['is asked again together, and the last time item by item', 'unavailable', [3, 3, 1, 1, 1]] as const,
    ['for its quota is always asked again together', 'quota', [3, 3, 3]] as const,
  ])('%s', async (_, reason, sizes) => {
    const moderator = scripted({ batch, script: () => failed(reason, { retryAfterMs: 0 }) });
    const guard = watch({ moderators: [moderator] });
    const running = Promise.all(['a', 'b', 'c'].map((text) => guard.check(text)));
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await running).map(({ action }) => action)).toEqual(['block', 'block', 'block']);
    expect(sizesOf(moderator)).toEqual(sizes);
  });

  test('for one item that brings it down gives the others their verdicts', async () => {
    const moderator = answering(
      async (items) => {
        if (items.some(({ segment }) => segment.text === 'poison')) throw new Error('down');
        return items.map(findWords);
      },
      { batch },
    );
    const guard = watch({ moderators: [moderator] });
    const running = Promise.all(['a', 'poison', 'zorp'].map((text) => guard.check(text)));
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await running).map(({ action, unchecked }) => [action, unchecked.length])).toEqual([
      ['allow', 0],
      ['block', 1],
      ['block', 0],
    ]);
  });

  test('in part is asked again in part', async () => {
    let requests = 0;
    const moderator = answering(
      async (items) => {
        requests += 1;
        return items.map((item) =>
          requests === 1 && item.segment.text === 'b' ? failed('unavailable', { retryAfterMs: 0 }) : clear(),
        );
      },
      { batch },
    );
    const guard = watch({ moderators: [moderator] });
    const ended: string[] = [];
    const running = Promise.all(['a', 'b', 'c'].map(async (text) => guard.check(text).then(() => ended.push(text))));
    await vi.advanceTimersByTimeAsync(10);
    expect(ended).toEqual(['a', 'c']);
    await vi.advanceTimersByTimeAsync(200);
    await running;
    expect(sizesOf(moderator)).toEqual([3, 1]);
  });

  test('leaves out of the retry whoever waits no longer', async () => {
    let requests = 0;
    const moderator = answering(
      async (items) =>
        items.map((item) => (requests === 0 ? failed('unavailable', { retryAfterMs: 300 }) : findWords(item))),
      { batch },
    );
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const left = guard.check('a', { signal: controller.signal }).catch((error: unknown) => error);
    const stays = guard.check('zorp');
    await vi.advanceTimersByTimeAsync(100);
    requests = 1;
    controller.abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(200);
    expect((await stays).findings).toHaveLength(1);
    expect(moderator.texts()).toEqual(['a', 'zorp', 'zorp']);
  });
});

test('A retry goes before what has not been asked yet', async () => {
  let isDown = true;
  const moderator = scripted({
    script: async ({ segment }) => {
      if (segment.text === 'a' && isDown) return failed('unavailable', { retryAfterMs: 0 });
      if (segment.text === 'b') await sleep(300);
      return flag(['zorp']);
    },
  });
  const guard = watch({ moderators: [moderator], moderation: { concurrency: 1 } });
  const running = Promise.all(['a', 'b', 'c', 'd'].map((text) => guard.check(text)));
  await vi.advanceTimersByTimeAsync(20);
  isDown = false;
  await vi.advanceTimersByTimeAsync(1_000);
  await running;
  expect(moderator.texts()).toEqual(['a', 'b', 'a', 'c', 'd']);
});
