import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clear, failed, firstAvailable, unsupported, type AskingOptions, type Decision } from '../src/index.ts';
import { watch, type Watched } from './support/guards.ts';
import {
  answering,
  findWords,
  hang,
  latch,
  scripted,
  sleep,
  type Script,
  type Scripted,
} from './support/moderators.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A moderator that does what it is set to, which is to fail at first. */
function switched(rest: Parameters<typeof scripted<'zorp' | 'blarg'>>[0] = {}): Scripted & { does: Script } {
  const moderator: Scripted & { does: Script } = {
    ...scripted({ ...rest, script: (item, options) => moderator.does(item, options) }),
    does: () => failed('unavailable'),
  };
  return moderator;
}

const guarding = (moderator: Scripted, options: AskingOptions = {}): Watched =>
  watch({ moderators: [moderator], moderation: options });

const statesOf = ({ told }: Watched): readonly string[] => told.breaker.map(({ state }) => state);

let texts = 0;
/** Checks texts that nobody has checked before, one after the other. */
async function checks(guard: Watched, count: number): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  for (let index = 0; index < count; index++) decisions.push(await guard.check(`zorp ${texts++}`));
  return decisions;
}

const isChecked = ({ unchecked }: Decision): boolean => unchecked.length === 0;

describe('It opens', () => {
  test('after five requests that failed in a row: then nobody is asked, and whoever asks hears it at once', async () => {
    const moderator = switched();
    const guard = guarding(moderator);
    await checks(guard, 4);
    expect(statesOf(guard)).toEqual([]);
    await checks(guard, 1);
    expect(guard.told.breaker).toEqual([{ moderator: 'words', state: 'open' }]);
    moderator.does = findWords;
    const begun = performance.now();
    const [decision] = await checks(guard, 1);
    expect(performance.now()).toBe(begun);
    expect(decision).toMatchObject({
      action: 'block',
      findings: [],
      unchecked: [{ reason: 'failed', moderator: 'words' }],
    });
    expect(moderator.requests).toHaveLength(5);
    expect(guard.told['moderator-failed'].at(-1)).toMatchObject({
      reason: 'unavailable',
      detail: expect.stringContaining('not asked for a while') as unknown,
    });
  });

  test.each([1, 2, 7])('after %i, where that is said', async (failures) => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures } });
    await checks(guard, failures + 3);
    expect(moderator.requests).toHaveLength(failures);
    expect(statesOf(guard)).toEqual(['open']);
  });

  test('not where one in between was answered', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures: 3 } });
    for (const does of [() => failed('unavailable'), findWords, () => failed('denied')]) {
      moderator.does = does;
      await checks(guard, 2);
    }
    expect(moderator.requests).toHaveLength(6);
    expect(statesOf(guard)).toEqual([]);
  });

  test.each<readonly [string, Script]>([
    ['time out', hang],
    ['throw', () => Promise.reject(new Error('down'))],
    ['answer rubbish', () => 'rubbish'],
    ['are denied', () => failed('denied')],
    ['are over the quota', () => failed('quota')],
  ])('for requests that %s', async (_, does) => {
    const moderator = switched();
    moderator.does = does;
    const guard = guarding(moderator, { breaker: { failures: 2 }, retries: 0, deadline: 50 });
    const running = checks(guard, 3);
    await vi.advanceTimersByTimeAsync(200);
    await running;
    expect(moderator.requests).toHaveLength(2);
    expect(statesOf(guard)).toEqual(['open']);
  });

  test.each<readonly [string, Script]>([
    ['refuse an item', () => failed('refused')],
    ['do not cover it', () => unsupported('language')],
    ['clear it', () => clear()],
  ])('not for requests that %s', async (_, does) => {
    const moderator = switched();
    moderator.does = does;
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    await checks(guard, 6);
    expect(moderator.requests).toHaveLength(6);
    expect(statesOf(guard)).toEqual([]);
  });

  test('for requests, not items: a batch counts once, and not at all where one of it was answered', async () => {
    const moderator = switched({ batch: { items: 10, characters: 1_000 } });
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    await Promise.all(['a', 'b', 'c'].map((text) => guard.check(text)));
    expect(statesOf(guard)).toEqual([]);
    moderator.does = ({ segment }) => (segment.text === 'd' ? clear() : failed('unavailable'));
    await Promise.all(['d', 'e'].map((text) => guard.check(text)));
    await Promise.all(['f', 'g'].map((text) => guard.check(text)));
    expect(statesOf(guard)).toEqual([]);
    await Promise.all(['h', 'i'].map((text) => guard.check(text)));
    expect(statesOf(guard)).toEqual(['open']);
  });

  test('not for retries: a single item that nobody can judge stops no others', async () => {
    const moderator = switched();
    moderator.does = () => failed('unavailable', { retryAfterMs: 0 });
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    const running = checks(guard, 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await running).map(isChecked)).toEqual([false]);
    expect(moderator.requests).toHaveLength(3);
    expect(guard.told.breaker).toEqual([]);
  });

  test('for one partition, and not for another', async () => {
    const moderator = switched({ partition: ({ tenant = '' }) => tenant });
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    await checks(guard.with({ tenant: 'a' }), 3);
    moderator.does = findWords;
    expect((await checks(guard.with({ tenant: 'b' }), 1)).map(isChecked)).toEqual([true]);
    expect((await checks(guard.with({ tenant: 'a' }), 1)).map(isChecked)).toEqual([false]);
  });

  test('for one moderator, and another one is asked instead at once', async () => {
    const [down, up] = [switched({ name: 'down' }), scripted({ name: 'up' })];
    const guard = watch({ moderators: [firstAvailable([down, up])], moderation: { breaker: { failures: 2 } } });
    expect((await checks(guard, 4)).every(isChecked)).toBe(true);
    expect([down.requests.length, up.requests.length]).toEqual([2, 4]);
    expect(guard.told.breaker).toEqual([{ moderator: 'down', state: 'open' }]);
  });

  test('and what is remembered is still known', async () => {
    const moderator = switched();
    moderator.does = findWords;
    const guard = guarding(moderator, { breaker: { failures: 1 } });
    await guard.check('a zorp');
    moderator.does = () => failed('unavailable');
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open']);
    expect(await guard.check('a zorp')).toMatchObject({ unchecked: [], findings: [{ category: 'zorp' }] });
  });

  test('never with `breaker: false`', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: false });
    await checks(guard, 20);
    expect(moderator.requests).toHaveLength(20);
    expect(statesOf(guard)).toEqual([]);
  });

  test('never for one moderator alone with `breaker: false` under its name', async () => {
    const [always, spared] = [switched({ name: 'always' }), switched({ name: 'spared' })];
    const guard = watch({
      moderators: [always, spared],
      moderation: { breaker: { failures: 2 }, moderators: { always: { breaker: false } } },
    });
    await checks(guard, 5);
    expect([always.requests.length, spared.requests.length]).toEqual([5, 2]);
  });
});

describe('A request that was broken off', () => {
  async function abortOne(guard: Watched): Promise<void> {
    const controller = new AbortController();
    const running = guard.check(`fine ${texts++}`, { signal: controller.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    controller.abort();
    expect(await running).toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(1);
  }

  test.each<readonly [string, Script]>([
    ['that hangs', hang],
    [
      'that fails when it is told to stop',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    ],
  ])('%s counts for nothing', async (_, does) => {
    const moderator = switched();
    moderator.does = does;
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    for (let index = 0; index < 5; index++) await abortOne(guard);
    expect(moderator.requests).toHaveLength(5);
    expect(statesOf(guard)).toEqual([]);
  });

  test('ends no row of failures either', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures: 2 } });
    await checks(guard, 1);
    moderator.does = hang;
    await abortOne(guard);
    moderator.does = () => failed('unavailable');
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open']);
  });

  test('was no try: the next one tries', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures: 1, pause: 100 } });
    await checks(guard, 1);
    await vi.advanceTimersByTimeAsync(100);
    moderator.does = hang;
    const controller = new AbortController();
    const tries = guard.check('tries', { signal: controller.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    moderator.does = findWords;
    const waits = guard.check('waits');
    await vi.advanceTimersByTimeAsync(1);
    expect(moderator.texts().slice(1)).toEqual(['tries']);
    controller.abort();
    expect(await tries).toMatchObject({ name: 'AbortError' });
    expect(isChecked(await waits)).toBe(true);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed']);
  });
});

describe('After its pause', () => {
  /** A guard whose breaker is open. */
  async function opened(
    options: AskingOptions = {},
  ): Promise<{ moderator: ReturnType<typeof switched>; guard: Watched }> {
    const moderator = switched({ batch: { items: 10, characters: 1_000 } });
    const guard = guarding(moderator, { breaker: { failures: 1 }, ...options });
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open']);
    return { moderator, guard };
  }

  test('of five seconds it asks again, and not a millisecond before', async () => {
    const { moderator, guard } = await opened();
    moderator.does = findWords;
    await vi.advanceTimersByTimeAsync(4_999);
    expect((await checks(guard, 1)).map(isChecked)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    expect((await checks(guard, 1)).map(isChecked)).toEqual([true]);
    expect(moderator.requests).toHaveLength(2);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed']);
  });

  test('is as long as is said', async () => {
    const { moderator, guard } = await opened({ breaker: { failures: 1, pause: 30 } });
    moderator.does = findWords;
    await vi.advanceTimersByTimeAsync(30);
    expect((await checks(guard, 1)).map(isChecked)).toEqual([true]);
  });

  test('it starts nothing by itself: there is no timer', async () => {
    const { moderator, guard } = await opened();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(moderator.requests).toHaveLength(1);
    expect(statesOf(guard)).toEqual(['open']);
  });

  test('one request tries while others wait, and they go when it was answered', async () => {
    const { moderator, guard } = await opened();
    await vi.advanceTimersByTimeAsync(5_000);
    const gate = latch();
    moderator.does = async (item) => {
      await gate.promise;
      return findWords(item);
    };
    const tries = guard.check('zorp tries');
    await vi.advanceTimersByTimeAsync(1);
    const waiting = ['zorp 1', 'fine 2', 'zorp 3'].map((text) => guard.check(text));
    await vi.advanceTimersByTimeAsync(50);
    expect(moderator.texts().slice(1)).toEqual(['zorp tries']);
    expect(statesOf(guard)).toEqual(['open', 'half-open']);
    gate.resolve();
    expect((await Promise.all([tries, ...waiting])).map(({ findings }) => findings.length)).toEqual([1, 1, 0, 1]);
    expect(moderator.texts().slice(2)).toEqual(['zorp 1', 'fine 2', 'zorp 3']);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed']);
  });

  test('those who wait fail at once when the one that tries has failed, and the pause begins anew', async () => {
    const { moderator, guard } = await opened();
    await vi.advanceTimersByTimeAsync(5_000);
    moderator.does = async () => {
      await sleep(70);
      return failed('unavailable');
    };
    const begun = performance.now();
    const tries = guard.check('tries');
    await vi.advanceTimersByTimeAsync(1);
    const waiting = ['a', 'b'].map(async (text) => {
      const decision = await guard.check(text);
      return { took: performance.now() - begun, isChecked: isChecked(decision) };
    });
    await vi.advanceTimersByTimeAsync(69);
    expect(isChecked(await tries)).toBe(false);
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 2 }, () => ({ took: 70, isChecked: false })));
    expect(moderator.texts().slice(1)).toEqual(['tries']);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'open']);
    await vi.advanceTimersByTimeAsync(4_999);
    await checks(guard, 1);
    expect(moderator.requests).toHaveLength(2);
    moderator.does = findWords;
    await vi.advanceTimersByTimeAsync(1);
    expect((await checks(guard, 1)).map(isChecked)).toEqual([true]);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  test('one failed try is enough, however many failures it took to open', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures: 3 } });
    await checks(guard, 3);
    await vi.advanceTimersByTimeAsync(5_000);
    await checks(guard, 2);
    expect(moderator.requests).toHaveLength(4);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'open']);
  });

  test('a try that hangs holds nobody beyond the deadline, and opens it again', async () => {
    const { moderator, guard } = await opened({ deadline: 100 });
    await vi.advanceTimersByTimeAsync(5_000);
    moderator.does = hang;
    const begun = performance.now();
    const running = ['tries', 'waits', 'waits too'].map(async (text, index) => {
      await sleep(index * 20);
      await guard.check(text);
      return performance.now() - begun;
    });
    await vi.advanceTimersByTimeAsync(200);
    const ends = await Promise.all(running);
    expect(ends).toEqual([100, 100, 100]);
    expect(moderator.requests).toHaveLength(2);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'open']);
  });

  test('one that waits for the try may leave, and is not asked', async () => {
    const { moderator, guard } = await opened();
    await vi.advanceTimersByTimeAsync(5_000);
    const gate = latch();
    moderator.does = async (item) => {
      await gate.promise;
      return findWords(item);
    };
    const tries = guard.check('tries');
    await vi.advanceTimersByTimeAsync(1);
    const controller = new AbortController();
    const leaves = guard.check('leaves', { signal: controller.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    controller.abort();
    expect(await leaves).toMatchObject({ name: 'AbortError' });
    gate.resolve();
    expect(isChecked(await tries)).toBe(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(moderator.texts().slice(1)).toEqual(['tries']);
  });

  test('a refused item as a try shows that it answers', async () => {
    const { moderator, guard } = await opened();
    await vi.advanceTimersByTimeAsync(5_000);
    moderator.does = () => failed('refused');
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed']);
  });

  test('once closed it takes as many failures as at first', async () => {
    const moderator = switched();
    const guard = guarding(moderator, { breaker: { failures: 2, pause: 10 } });
    await checks(guard, 2);
    await vi.advanceTimersByTimeAsync(10);
    moderator.does = findWords;
    await checks(guard, 1);
    moderator.does = () => failed('unavailable');
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed']);
    await checks(guard, 1);
    expect(statesOf(guard)).toEqual(['open', 'half-open', 'closed', 'open']);
  });
});

test('A request that was under way when it opened, and is answered, closes it', async () => {
  const gate = latch();
  const moderator = answering(
    async (items) => {
      if (items[0]?.segment.text === 'slow') await gate.promise;
      return items.map((item) => (item.segment.text === 'slow' ? clear() : failed('unavailable')));
    },
    { name: 'words' },
  );
  const guard = guarding(moderator, { breaker: { failures: 1 } });
  const slow = guard.check('slow');
  await checks(guard, 2);
  expect(moderator.requests).toHaveLength(2);
  gate.resolve();
  expect(isChecked(await slow)).toBe(true);
  await checks(guard, 1);
  expect(moderator.requests).toHaveLength(3);
  expect(statesOf(guard)).toEqual(['open', 'closed', 'open']);
});
