import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  cascade,
  clear,
  createGuard,
  failed,
  isConfigurationError,
  log,
  quorum,
  type ModerationOptions,
  type Moderator,
} from '../src/index.ts';
import { watch } from './support/guards.ts';
import { answering, findWords, hang, latch, nothing, scripted, sleep, type Scripted } from './support/moderators.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const batch = { items: 100, characters: 10_000 };

const sizesOf = ({ requests }: Scripted): readonly number[] => requests.map(({ items }) => items.length);

/** How long each text waited, in milliseconds, in the order in which they were asked about. */
async function waits(
  gaps: readonly number[],
  rest: Partial<Pick<Moderator, 'batch' | 'inProcess'>>,
  moderation: ModerationOptions = {},
  delay = 40,
): Promise<{ readonly moderator: Scripted; readonly waited: readonly number[] }> {
  const waited: number[] = [];
  const came: number[] = [];
  const moderator = answering(
    async (items) => {
      for (const { segment } of items) waited.push(performance.now() - (came[Number(segment.text)] ?? 0));
      if (delay > 0) await sleep(delay);
      return items.map(() => clear());
    },
    { batch, ...rest },
  );
  const guard = watch({ moderators: [moderator], moderation });
  const running: Promise<unknown>[] = [];
  for (const gap of gaps) {
    await vi.advanceTimersByTimeAsync(gap);
    running.push(guard.check(String(came.push(performance.now()) - 1)));
  }
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all(running);
  return { moderator, waited };
}

const everyMillisecond = Array.from({ length: 40 }, () => 1);

describe('What comes one after the other', () => {
  test('waits for nothing while nothing is under way, however fast it comes', async () => {
    const { moderator, waited } = await waits(everyMillisecond, {}, {}, 0);
    expect(sizesOf(moderator)).toEqual(everyMillisecond);
    expect(Math.max(...waited)).toBe(0);
  });

  test('goes together while requests are under way, ten at a time and no later than 25 ms', async () => {
    const { moderator, waited } = await waits(everyMillisecond, {});
    expect(waited).toHaveLength(40);
    expect(moderator.requests.length).toBeLessThan(12);
    expect(Math.max(...sizesOf(moderator))).toBe(10);
    expect(Math.max(...waited)).toBeLessThanOrEqual(25);
  });

  test('waits for nobody where nobody is expected in time', async () => {
    const { moderator, waited } = await waits(
      Array.from({ length: 20 }, () => 30),
      {},
      {},
      35,
    );
    expect(sizesOf(moderator)).toEqual(Array.from({ length: 20 }, () => 1));
    expect(Math.max(...waited)).toBe(0);
  });

  test('never waits longer than `maxWait`, in whatever rhythm it comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(1, 4, 25),
        async (gaps, maxWait) => {
          const { waited } = await waits(gaps, {}, { batch: { maxWait } });
          expect(waited).toHaveLength(gaps.length);
          expect(Math.max(...waited)).toBeLessThanOrEqual(maxWait);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('goes alone and at once with `batch: false`, also what comes at the same moment', async () => {
    const { moderator, waited } = await waits([...everyMillisecond, 0, 0], {}, { batch: false });
    expect(sizesOf(moderator)).toEqual(Array.from({ length: 42 }, () => 1));
    expect(Math.max(...waited)).toBe(0);
  });

  test('goes alone and at once to a moderator that takes one item', async () => {
    const moderator = scripted({ delay: 40 });
    const guard = watch({ moderators: [moderator] });
    const running: Promise<unknown>[] = [];
    for (let index = 0; index < 30; index++) {
      await vi.advanceTimersByTimeAsync(1);
      running.push(guard.check(`fine ${index}`));
      await vi.advanceTimersByTimeAsync(0);
      expect(moderator.requests).toHaveLength(index + 1);
    }
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(running);
  });

  test('waits for a free place where there are as many requests as may be, and then goes together', async () => {
    const { moderator } = await waits([0, 1, 1, 1, 1], {}, { concurrency: 1 });
    expect(sizesOf(moderator)).toEqual([1, 4]);
  });
});

describe('Together', () => {
  test('go the segments of one call', async () => {
    const moderator = scripted({ batch });
    const guard = watch({ moderators: [moderator] });
    const { findings } = await guard.check(['a', 'zorp', 'c'].map((content) => ({ role: 'user', content })));
    expect(moderator.requests.map(({ items }) => items.map(({ segment }) => segment.text))).toEqual([
      ['a', 'zorp', 'c'],
    ]);
    expect(findings).toMatchObject([{ path: 'content[1].content' }]);
  });

  test('go the pieces of one long text', async () => {
    const moderator = scripted({ batch, maxCharacters: 100, script: nothing });
    await watch({ moderators: [moderator] }).check(
      Array.from({ length: 50 }, (_, index) => `Line ${index}. `).join(''),
    );
    expect(moderator.requests).toHaveLength(1);
    expect(sizesOf(moderator)[0]).toBeGreaterThan(4);
  });

  test.each([
    [{ items: 2, characters: 1_000 }, [2, 2, 1]],
    [{ items: 10, characters: 12 }, [3, 2]],
    [{ items: 10, characters: 11 }, [2, 2, 1]],
    [{ items: 10, characters: 1 }, [1, 1, 1, 1, 1]],
  ] as const)('go as many as %o lets', async (limits, sizes) => {
    const moderator = scripted({ batch: limits, script: nothing });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => guard.check(text.repeat(4))));
    expect(sizesOf(moderator)).toEqual(sizes);
  });

  test('go no whole messages, for one answer may hold for all of it: each goes alone to one that reads them', async () => {
    const moderator = scripted({ reads: 'message', batch: { items: 10, characters: 1_000 }, script: nothing });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((text) =>
        guard.check([
          { role: 'user', content: ['1', '2'].map((part) => ({ type: 'text', text: part + text.repeat(3) })) },
        ]),
      ),
    );
    expect(sizesOf(moderator)).toEqual([1, 1, 1, 1]);
  });

  test('counts the conversation too, for one that reads it', async () => {
    const moderator = scripted({ reads: 'conversation', batch: { items: 10, characters: 10 }, script: nothing });
    const guard = watch({ moderators: [moderator] });
    await guard.check(['aaaa', 'bbbb', 'cccc'].map((content) => ({ role: 'user', content })));
    // 4, then 4 with 4 before it, then 4 with 8 before it.
    expect(sizesOf(moderator)).toEqual([1, 1, 1]);
  });

  test('go the questions of several composites and of none', async () => {
    const [a, b] = [scripted({ name: 'a', batch }), scripted({ name: 'b', batch })];
    const guard = watch({ moderators: [a, quorum(1, [a, b]), cascade([b])] });
    await Promise.all(['one', 'two'].map((text) => guard.check(text)));
    expect([a, b].map(sizesOf)).toEqual([[2], [2]]);
  });

  test('an item that is refused stands alone in the end, and takes few requests to find', async () => {
    const moderator = answering(
      async (items) => (items.some(({ segment }) => segment.text === 'poison') ? 'rubbish' : items.map(findWords)),
      { batch },
    );
    const guard = watch({ moderators: [moderator] });
    const texts = Array.from({ length: 20 }, (_, index) => (index === 7 ? 'poison' : `zorp ${index}`));
    const decisions = await Promise.all(texts.map((text) => guard.check(text)));
    expect(decisions.map(({ findings, unchecked }) => [findings.length, unchecked.length])).toEqual(
      texts.map((text) => (text === 'poison' ? [0, 1] : [1, 0])),
    );
    expect(sizesOf(moderator)).toEqual([20, 5, 5, 5, 5, 1, 1, 1, 1, 1]);
    expect(guard.told['moderator-failed']).toMatchObject([{ reason: 'malformed', items: 1 }]);
  });
});

test('A batch of both stages that fails is told for each stage', async () => {
  const guard = watch({ moderators: [scripted({ batch, script: () => failed('unavailable') })] });
  await Promise.all([guard.check('a'), guard.check('b', { stage: 'output' })]);
  expect(guard.told['moderator-failed']).toMatchObject([
    { stage: 'input', items: 1 },
    { stage: 'output', items: 1 },
  ]);
});

describe('A moderator in this process', () => {
  test('is never waited for: what comes while it is busy goes at once', async () => {
    const { moderator, waited } = await waits(everyMillisecond, { inProcess: true });
    expect(sizesOf(moderator)).toEqual(everyMillisecond);
    expect(Math.max(...waited)).toBe(0);
  });

  test('still gets together what comes at the same moment', async () => {
    const moderator = scripted({ inProcess: true, batch });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(['a', 'b', 'c'].map((text) => guard.check(text)));
    expect(sizesOf(moderator)).toEqual([3]);
  });

  test.each([{ requests: 1 }, { tokens: 10 }])('is not counted in the quota %o, and others are', async (quota) => {
    const [here, there] = [scripted({ name: 'here', inProcess: true }), scripted({ name: 'there' })];
    const guard = watch({ moderators: [here, there], moderation: { quota } });
    for (const text of ['a', 'b', 'c']) await guard.check(text);
    expect(here.requests).toHaveLength(3);
    expect(there.requests).toHaveLength(1);
    expect(guard.told['moderator-failed']).toMatchObject([
      { moderator: 'there', reason: 'quota' },
      { moderator: 'there', reason: 'quota' },
    ]);
  });
});

describe('A quota', () => {
  test('what has to wait for it no longer than the deadline waits, and goes with others', async () => {
    const moderator = scripted({ batch });
    const guard = watch({ moderators: [moderator], moderation: { quota: { requests: 1 }, deadline: 100_000 } });
    await guard.check('a');
    const running = Promise.all(['b', 'zorp'].map((text) => guard.check(text)));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sizesOf(moderator)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await running).map(({ action }) => action)).toEqual(['allow', 'block']);
    expect(sizesOf(moderator)).toEqual([1, 2]);
  });
});

describe('What nobody waits for', () => {
  const blocked = (): { moderator: Scripted; free: () => void } => {
    const gate = latch();
    const moderator = scripted<string>({
      script: async ({ segment }) => {
        if (segment.text === 'first') await gate.promise;
        return clear();
      },
    });
    return { moderator, free: () => gate.resolve() };
  };

  test('goes after what somebody waits for, though it came before', async () => {
    const { moderator, free } = blocked();
    const guard = watch({
      moderators: { input: [moderator], output: [] },
      input: { fallback: log() },
      moderation: { concurrency: 1 },
    });
    const first = guard.check('first');
    void guard.wrap(() => 'fine')([{ role: 'user', content: 'late' }]);
    await vi.advanceTimersByTimeAsync(1);
    const urgent = guard.check('urgent');
    await vi.advanceTimersByTimeAsync(1);
    expect(moderator.texts()).toEqual(['first']);
    free();
    await Promise.all([first, urgent, guard.idle()]);
    expect(moderator.texts()).toEqual(['first', 'urgent', 'late']);
  });

  test('goes with it from the moment when somebody waits for it', async () => {
    const { moderator, free } = blocked();
    const guard = watch({
      moderators: { input: [moderator], output: [] },
      input: { fallback: log() },
      moderation: { concurrency: 1 },
    });
    const first = guard.check('first');
    for (const text of ['late', 'joined']) void guard.wrap(() => 'fine')([{ role: 'user', content: text }]);
    await vi.advanceTimersByTimeAsync(1);
    const joined = guard.check('joined');
    await vi.advanceTimersByTimeAsync(1);
    free();
    await Promise.all([first, joined, guard.idle()]);
    expect(moderator.texts()).toEqual(['first', 'joined', 'late']);
  });
});

describe('Whoever joins a question that is under way', () => {
  test('has a deadline of its own, and the request lives as long as the last of them waits', async () => {
    const moderator = scripted({ script: hang });
    const guard = watch({ moderators: [moderator], moderation: { deadline: 100 } });
    const begun = performance.now();
    const ended: number[] = [];
    const join = async (): Promise<void> => {
      const { unchecked } = await guard.check('hello');
      expect(unchecked).toHaveLength(1);
      ended.push(performance.now() - begun);
    };
    const running = [join()];
    for (const pause of [60, 30]) {
      await vi.advanceTimersByTimeAsync(pause);
      running.push(join());
    }
    const signal = moderator.requests[0]?.options.signal;
    await vi.advanceTimersByTimeAsync(99);
    expect(ended).toEqual([100, 160]);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual([100, 160, 190]);
    expect(signal?.aborted).toBe(true);
    await Promise.all(running);
    expect(moderator.requests).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gets an answer that was too late for the first, and it is remembered', async () => {
    const moderator = scripted({ delay: 130 });
    const guard = watch({ moderators: [moderator], moderation: { deadline: 100 } });
    const first = guard.check('zorp');
    await vi.advanceTimersByTimeAsync(60);
    const second = guard.check('zorp');
    await vi.advanceTimersByTimeAsync(70);
    expect((await first).unchecked).toHaveLength(1);
    expect((await second).findings).toHaveLength(1);
    expect((await guard.check('zorp')).findings).toHaveLength(1);
    expect(moderator.requests).toHaveLength(1);
  });

  test('asks anew once nobody waited any longer', async () => {
    const moderator = scripted({ script: hang });
    const guard = watch({ moderators: [moderator], moderation: { deadline: 100 } });
    const first = guard.check('hello');
    await vi.advanceTimersByTimeAsync(100);
    await first;
    const second = guard.check('hello');
    await vi.advanceTimersByTimeAsync(100);
    await second;
    expect(moderator.requests).toHaveLength(2);
  });
});

describe('Options of single moderators', () => {
  const mistakeIn = (moderation: object): string => {
    try {
      createGuard({ moderators: [scripted(), cascade([scripted({ name: 'inner' })])], moderation });
    } catch (error) {
      if (isConfigurationError(error)) return `${error.path}: ${error.message}`;
      throw error;
    }
    return 'accepted';
  };

  test('go before what is said for all, and touch nobody else', async () => {
    const [own, other] = [scripted({ name: 'own', batch }), scripted({ name: 'other', batch })];
    const guard = watch({ moderators: [own, other], moderation: { batch: {}, moderators: { own: { batch: false } } } });
    await Promise.all(['a', 'b', 'c'].map((text) => guard.check(text)));
    expect([own, other].map(sizesOf)).toEqual([[1, 1, 1], [3]]);
  });

  test('leave in place what they do not name', async () => {
    const moderator = scripted({ script: hang });
    const guard = watch({
      moderators: [moderator],
      moderation: { deadline: 50, moderators: { words: { retries: 0 } } },
    });
    let isDone = false;
    void guard.check('hello').then(() => {
      isDone = true;
    });
    await vi.advanceTimersByTimeAsync(50);
    expect(isDone).toBe(true);
  });

  test('may be for members', () => {
    expect(mistakeIn({ moderators: { inner: { deadline: 5 }, words: {} } })).toBe('accepted');
  });

  test.each([
    [{ wrds: { deadline: 5 } }, /^moderation\.moderators\.wrds: .*is not a moderator of this guard.*words/],
    [{ 'an other': {} }, /^moderation\.moderators\['an other'\]: /],
    [{ toString: {} }, /^moderation\.moderators\.toString: /],
    [{ words: { deadlin: 5 } }, /^moderation\.moderators\.words\.deadlin: /],
    [{ words: { deadline: 0 } }, /^moderation\.moderators\.words\.deadline: /],
    [{ words: { quota: { requests: 0.5 } } }, /^moderation\.moderators\.words\.quota\.requests: /],
    [{ words: { cache: false } }, /^moderation\.moderators\.words\.cache: /],
  ])('%o is a mistake that is named', (moderators, sentence) => {
    expect(mistakeIn({ moderators })).toMatch(sentence);
  });
});

describe('What it costs', () => {
  /** As long as the sample, in words as long, and no piece of it like another: those would be asked about once. */
  const long = Array.from({ length: 200 }, (_, index) => `${index + 1_000} `).join('');

  test('is told for each moderator that does not work in this process, members included, once', () => {
    const [a, b, here] = [
      scripted({ name: 'a' }),
      scripted({ name: 'b' }),
      scripted({ name: 'here', inProcess: true }),
    ];
    const { input, output } = createGuard({
      moderators: { input: [here, cascade([here, a, b]), quorum(1, [a])], output: [here] },
    }).explain();
    expect(input.cost).toEqual([
      { moderator: 'a', requests: 1, tokens: 295 },
      { moderator: 'b', requests: 1, tokens: 295 },
    ]);
    expect(input.requestsPerSegment).toBe(3);
    expect(output.cost).toEqual([]);
  });

  test.each([
    [{ requests: 60 }, 60_000],
    [{ tokens: 2_950 }, 10_000],
    [{ requests: 5, tokens: 2_950 }, 5_000],
    [{ requests: 50, tokens: 2_950 }, 10_000],
  ])('is how much text a quota of %o allows', (quota, characters) => {
    const guard = createGuard({ moderators: [scripted()], moderation: { moderators: { words: { quota } } } });
    expect(guard.explain().input.cost).toEqual([
      { moderator: 'words', requests: 1, tokens: 295, quota: { ...quota, characters } },
    ]);
  });

  const counted = async (
    asked: Scripted,
    moderators: readonly Moderator[],
    moderation: ModerationOptions,
  ): Promise<object> => {
    const guard = watch({ moderators, moderation });
    const said = guard.explain().input.cost.find(({ moderator }) => moderator === asked.name);
    await guard.check(long);
    return { said: said?.requests, seen: asked.requests.length };
  };

  test.each<readonly [string, Pick<Moderator, 'batch'>, ModerationOptions]>([
    ['one at a time', {}, {}],
    ['in batches', { batch: { items: 3, characters: 10_000 } }, {}],
    ['in batches, which are turned off', { batch: { items: 3, characters: 10_000 } }, { batch: false }],
  ])('is as many requests as it takes, for a text that is cut and goes %s', async (_, rest, moderation) => {
    const moderator = scripted<string>({ ...rest, maxCharacters: 450, script: nothing });
    const { said, seen } = (await counted(moderator, [moderator], moderation)) as { said: number; seen: number };
    expect(said).toBe(seen);
  });

  test('is as many requests as it takes, for a member of a composite that has texts cut for another member', async () => {
    const [small, large] = [
      scripted({ name: 'small', maxCharacters: 450, script: nothing }),
      scripted<string>({ name: 'large', script: nothing }),
    ];
    const { said, seen } = (await counted(large, [quorum(1, [small, large])], {})) as { said: number; seen: number };
    expect(said).toBe(seen);
  });

  test('is printed', () => {
    const printed = String(
      createGuard({
        moderators: [scripted({ name: 'a' }), scripted({ name: 'b' })],
        moderation: { moderators: { b: { quota: { tokens: 2_950 } } } },
      }).explain(),
    ).split('\n');
    expect(printed).toContain(' a: 1 request(s) and 295 tokens for 1,000 characters');
    expect(printed).toContain(
      ' b: 1 request(s) and 295 tokens for 1,000 characters, its quota allows 10000 characters a minute',
    );
  });
});
