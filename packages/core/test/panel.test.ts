import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { clear, failed, flag, type CallContext } from '../src/index.ts';
import { ask, collect, FORMS, model, watch, within } from './support/guards.ts';
import {
  answering,
  findWords,
  hang,
  latch,
  nothing,
  scripted,
  sleep,
  vandalise,
  type Scripted,
} from './support/moderators.ts';
import { chat, reply, textOf, type ChatRequest, type Turn } from './support/protocol.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('Identical items in flight', () => {
  test('are judged once, and everybody gets the verdict', async () => {
    const moderator = scripted({ delay: 5 });
    const guard = watch({ moderators: [moderator], moderation: { cache: false } });
    const decisions = await Promise.all(Array.from({ length: 20 }, () => guard.check('zorp')));
    expect(moderator.requests).toHaveLength(1);
    expect(decisions.map(({ action }) => action)).toEqual(Array.from({ length: 20 }, () => 'block'));
  });

  test.each<readonly [string, () => readonly [unknown, unknown]]>([
    ['text', () => ['hello', 'hello ']],
    ['lone surrogate', () => ['\uD83D', '\uD83E']],
  ])('are not those of another %s', async (_, pair) => {
    const moderator = scripted({ delay: 1 });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(pair().map((content) => guard.check(content as string)));
    expect(moderator.requests).toHaveLength(2);
  });

  test('are not those of another stage, role or kind', async () => {
    const moderator = scripted({ delay: 1 });
    const guard = watch({ moderators: [moderator] });
    const segment = { kind: 'text', role: 'user', path: 'a', text: 'hello' } as const;
    await Promise.all([
      guard.check('hello'),
      guard.check([segment]),
      guard.check([segment], { stage: 'output' }),
      guard.check([{ ...segment, role: 'tool' }]),
      guard.check([{ ...segment, kind: 'reasoning' }]),
    ]);
    expect(moderator.requests).toHaveLength(4);
  });

  test('that are images are never taken for one another', async () => {
    const moderator = scripted({ kinds: ['image'], script: nothing });
    const guard = watch({ moderators: [moderator] });
    await Promise.all([guard.check(new Uint8Array([1])), guard.check(new Uint8Array([2]))]);
    expect(moderator.requests).toHaveLength(2);
  });
});

describe('A batch', () => {
  test('holds what comes at the same moment, within both limits', async () => {
    const moderator = scripted({ batch: { items: 3, characters: 10 } });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(
      ['aa', 'bb', 'cc', 'dd', 'eeeeeeeee', 'ff', 'g'.repeat(50), 'hh'].map((text) => guard.check(text)),
    );
    const sizes = moderator.requests.map(({ items }) => items.map(({ segment }) => segment.text?.length));
    expect(sizes).toEqual([[2, 2, 2], [2], [9], [2], [50], [2]]);
  });

  test('without limits an item goes alone', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    await Promise.all([guard.check('a'), guard.check('b')]);
    expect(moderator.requests.map(({ items }) => items.length)).toEqual([1, 1]);
  });

  test('gives each its own verdict', async () => {
    const moderator = scripted({ batch: { items: 10, characters: 1_000 } });
    const guard = watch({ moderators: [moderator] });
    const actions = await Promise.all(['a', 'zorp', 'b', 'blarg'].map((text) => guard.check(text)));
    expect(moderator.requests).toHaveLength(1);
    expect(actions.map(({ action }) => action)).toEqual(['allow', 'block', 'allow', 'block']);
  });

  test.each([
    ['is refused', () => failed('refused')],
    ['makes the answer unreadable', () => 'rubbish'],
  ])('with one item that %s is split: the others get their verdicts', async (_, answer) => {
    const moderator = answering(
      async (items) =>
        items.some(({ segment }) => segment.text === 'poison') ? items.map(() => answer()) : items.map(findWords),
      { batch: { items: 10, characters: 1_000 } },
    );
    const guard = watch({ moderators: [moderator] });
    const decisions = await Promise.all(['a', 'poison', 'zorp'].map((text) => guard.check(text)));
    expect(decisions.map(({ action, unchecked }) => [action, unchecked.length])).toEqual([
      ['allow', 0],
      ['block', 1],
      ['block', 0],
    ]);
    expect(moderator.requests.map(({ items }) => items.length)).toEqual([3, 1, 1, 1]);
    expect(guard.told['moderator-failed']).toMatchObject([{ moderator: 'words', items: 1 }]);
  });

  test('that is split has what is left of the deadline, and no more', async () => {
    vi.useFakeTimers();
    const moderator = answering(
      async (items) => {
        if (items.length === 1) return hang();
        await sleep(60);
        return 'rubbish';
      },
      { batch: { items: 10, characters: 1_000 } },
    );
    const guard = watch({ moderators: [moderator], moderation: { deadline: 100 } });
    let isDone = false;
    const running = Promise.all(['a', 'b'].map((text) => guard.check(text))).finally(() => {
      isDone = true;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(moderator.requests.map(({ items }) => items.length)).toEqual([2, 1, 1]);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone).toBe(true);
    expect((await running).map(({ verdicts }) => verdicts)).toMatchObject(
      ['a', 'b'].map(() => [{ status: 'failed', reason: 'timeout' }]),
    );
  });

  test('that is split leaves out the items that nobody waits for any longer', async () => {
    const refusal = latch();
    const moderator = answering(
      async (items) => {
        if (items.length === 1) return items.map(findWords);
        await refusal.promise;
        return 'rubbish';
      },
      { batch: { items: 10, characters: 1_000 } },
    );
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const left = guard.check('a', { signal: controller.signal });
    const stay = Promise.all(['zorp', 'b'].map((text) => guard.check(text)));
    await sleep(2);
    controller.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    refusal.resolve();
    expect((await within(500, stay)).map(({ action }) => action)).toEqual(['block', 'allow']);
    const asked = moderator.requests.map(({ items }) => items.map(({ segment }) => segment.text));
    expect(asked).toEqual([['a', 'zorp', 'b'], ['zorp'], ['b']]);
  });

  test('that fails as a whole is not asked again item by item, and is told once', async () => {
    const moderator = scripted({ batch: { items: 10, characters: 1_000 }, script: () => failed('unavailable') });
    const guard = watch({ moderators: [moderator] });
    await Promise.all(['a', 'b', 'c'].map((text) => guard.check(text)));
    expect(moderator.requests).toHaveLength(1);
    expect(guard.told['moderator-failed']).toMatchObject([{ reason: 'unavailable', items: 3, stage: 'input' }]);
  });

  test('is stopped only when nobody waits for any of it', async () => {
    const moderator = scripted({ batch: { items: 10, characters: 1_000 }, script: hang });
    const guard = watch({ moderators: [moderator] });
    const [one, other] = [new AbortController(), new AbortController()];
    const first = guard.check('a', { signal: one.signal });
    const second = guard.check('b', { signal: other.signal });
    await sleep(2);
    one.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(moderator.requests[0]?.options.signal.aborted).toBe(false);
    other.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect(moderator.requests[0]?.options.signal.aborted).toBe(true);
  });
});

describe('The deadline', () => {
  test('ends a request that takes longer, and tells the moderator to stop', async () => {
    const moderator = scripted({ script: hang });
    const guard = watch({ moderators: [moderator], moderation: { deadline: 20 } });
    const begun = performance.now();
    const decision = await guard.check('hello');
    const took = performance.now() - begun;
    expect(took).toBeGreaterThanOrEqual(15);
    expect(took).toBeLessThan(300);
    expect(decision.verdicts).toMatchObject([{ status: 'failed', reason: 'timeout' }]);
    expect(moderator.requests[0]?.options.signal.aborted).toBe(true);
  });

  test('is two seconds unless set', async () => {
    vi.useFakeTimers();
    const guard = watch({ moderators: [scripted({ script: hang })] });
    let isDone = false;
    void guard.check('hello').then(() => {
      isDone = true;
    });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isDone).toBe(true);
  });

  test('is not met by a verdict that comes too late: it is not remembered', async () => {
    let delay = 40;
    const moderator = scripted({
      script: async () => {
        await sleep(delay);
        return flag(['zorp']);
      },
    });
    const guard = watch({ moderators: [moderator], moderation: { deadline: 15 }, whenUnchecked: 'allow' });
    expect((await guard.check('hello')).action).toBe('allow');
    await sleep(50);
    delay = 0;
    expect((await guard.check('hello')).action).toBe('block');
    expect(moderator.requests).toHaveLength(2);
  });

  test('leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const guard = watch({ moderators: [scripted()], moderation: { deadline: 60_000 } });
    await guard.check('zorp');
    await guard.check('fine');
    const controller = new AbortController();
    const hanging = watch({ moderators: [scripted({ script: hang })], moderation: { deadline: 60_000 } });
    const running = hanging.check('hello', { signal: controller.signal });
    queueMicrotask(() => controller.abort());
    await expect(running).rejects.toThrow();
    await new Promise(setImmediate);
    expect(timers()).toBe(before);
  });
});

describe('A partition', () => {
  const partition = ({ tenant = 'none' }: CallContext): string => tenant;
  test('shares no request and no verdict with another, and is handed the context', async () => {
    const moderator = scripted({ partition, batch: { items: 10, characters: 1_000 } });
    const guard = watch({ moderators: [moderator] });
    const [a, b] = [{ tenant: 'a' }, { tenant: 'b' }];
    await Promise.all([
      guard.check('one', { context: a }),
      guard.check('two', { context: a }),
      guard.check('one', { context: b }),
    ]);
    await guard.check('one', { context: b });
    await guard.check('two', { context: b });
    expect(moderator.requests.map(({ items, options }) => [options.context?.tenant, items.length])).toEqual([
      ['a', 2],
      ['b', 1],
      ['b', 1],
    ]);
  });

  test('is what lets a moderator see a context at all', async () => {
    const moderator = scripted();
    await watch({ moderators: [moderator] })
      .with({ user: 'u' })
      .check('hello');
    expect(moderator.requests[0]?.options).not.toHaveProperty('context');
  });
});

describe('What a moderator reads', () => {
  const turns: Turn[] = [
    { role: 'user', parts: [{ text: 'before' }] },
    { role: 'assistant', parts: [{ text: 'answer' }] },
    { role: 'user', parts: [{ text: 'one' }, { kind: 'image', image: new URL('data:,x') }, { text: 'two' }] },
  ];
  const textsOf = (segments: readonly { readonly text?: string }[] = []): readonly unknown[] =>
    segments.map(({ text }) => text);

  test("'message': all segments of a message that it covers in one item, judged once", async () => {
    const moderator = scripted({ reads: 'message', script: nothing });
    await ask('reply', watch({ moderators: [moderator] }), { turns }, model(reply('fine')));
    const items = moderator.requests.flatMap(({ items }) => items);
    expect(items.map(({ message }) => textsOf(message))).toEqual(
      expect.arrayContaining([['one', 'two'], ['before'], ['answer'], ['fine']]),
    );
    expect(items).toHaveLength(4);
    expect(items.every(({ conversation }) => conversation === undefined)).toBe(true);
  });

  test("'conversation': the turns before too", async () => {
    const moderator = scripted({ reads: 'conversation', script: nothing });
    await ask('reply', watch({ moderators: [moderator] }), { turns }, model(reply('fine')));
    const items = moderator.requests.flatMap(({ items }) => items);
    const last = items.find(({ segment }) => segment.text === 'fine');
    expect(textsOf(last?.conversation)).toEqual(['before', 'answer', 'one', 'two']);
    expect(textsOf(last?.message)).toEqual(['fine']);
  });

  test('a flag on a message speaks for each of its segments', async () => {
    const guard = watch({ moderators: [scripted({ reads: 'message' })] });
    const decision = await guard.check([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'zorp' },
          { type: 'text', text: 'and on' },
        ],
      },
    ]);
    expect(decision.action).toBe('block');
    expect(decision.findings.map(({ path }) => path)).toEqual(['content[0].content[0]', 'content[0].content[1]']);
  });

  test('kinds: it is asked about those that it covers and no others', async () => {
    const reasoning = scripted({ name: 'reasoning', kinds: ['reasoning'], script: nothing });
    const rest = scripted({ name: 'rest', script: nothing });
    await watch({ moderators: [reasoning, rest] }).check([
      { kind: 'text', role: 'assistant', path: 'a', text: 'a' },
      { kind: 'reasoning', role: 'assistant', path: 'b', text: 'b' },
      { kind: 'image', role: 'user', path: 'c', image: new URL('data:,x') },
    ]);
    expect(reasoning.texts()).toEqual(['b']);
    expect(rest.texts()).toEqual(['a', 'b']);
  });
});

describe('A segment that the scope leaves out', () => {
  const scope = ({ text }: { readonly text?: string }): boolean => text !== 'glim';
  const turns: Turn[] = [
    { role: 'user', parts: [{ text: 'before' }, { text: 'glim' }] },
    { role: 'assistant', parts: [{ text: 'answer' }] },
    { role: 'tool', parts: [{ text: 'result' }, { text: 'glim' }] },
    { role: 'user', parts: [{ text: 'one' }, { text: 'glim' }] },
  ];
  const handed = ({ requests }: Scripted): ReadonlySet<string | undefined> =>
    new Set(
      requests.flatMap(({ items }) =>
        items.flatMap(({ segment, message = [], conversation = [] }) =>
          [segment, ...message, ...conversation].map(({ text }) => text),
        ),
      ),
    );

  describe.each(['message', 'conversation'] as const)(
    'is not handed to a moderator that reads the whole %s',
    (reads) => {
      test.each(FORMS)('of the input, in a %s', async (form) => {
        const moderator: Scripted = scripted<string>({ reads, script: nothing });
        const guard = watch({ moderators: [moderator], input: { scope } });
        await ask(form, guard, { turns }, model(reply('fine')));
        expect(handed(moderator)).toEqual(new Set(['before', 'answer', 'result', 'one', 'fine']));
      });

      test.each(FORMS)('of the output, in a %s', async (form) => {
        const moderator: Scripted = scripted<string>({ reads, script: nothing });
        const guard = watch({ moderators: [moderator], output: { scope } });
        const answered: Turn[] = [
          { role: 'user', parts: [{ text: 'before' }] },
          { role: 'assistant', parts: [{ text: 'answer' }, { text: 'glim' }] },
          { role: 'user', parts: [{ text: 'one' }] },
        ];
        await ask(form, guard, { turns: answered }, model(reply('fine', 'glim')));
        expect(handed(moderator)).toEqual(new Set(['before', 'answer', 'one', 'fine']));
      });

      test('of the output is not taken for one of the input: what the assistant said before is read', async () => {
        const moderator: Scripted = scripted<string>({ reads, script: nothing });
        const guard = watch({ moderators: [moderator], input: { scope: ({ role }) => role === 'user' } });
        await ask('reply', guard, chat('before', 'answer', 'one'), model(reply('fine')));
        const last = moderator.requests.flatMap(({ items }) => items).find(({ segment }) => segment.text === 'fine');
        expect(last?.conversation?.map(({ text }) => text)).toEqual(
          reads === 'conversation' ? ['before', 'answer', 'one'] : undefined,
        );
      });

      test('of a checked chat', async () => {
        const moderator: Scripted = scripted<string>({ reads, script: nothing });
        await watch({ moderators: [moderator], input: { scope } }).check(
          ['before', 'glim', 'one'].map((content) => ({ role: 'user', content })),
        );
        expect(handed(moderator)).toEqual(new Set(['before', 'one']));
      });
    },
  );
});

describe('What somebody changes in place', () => {
  const request: ChatRequest = chat('zorp', 'no', 'go on');

  describe.each(['segment', 'message', 'conversation'] as const)('in a %s that it reads', (reads) => {
    const vandal = (): Scripted =>
      answering<string>(
        async (items) => {
          const reports = items.map(() => clear());
          for (const item of items) vandalise(item);
          return reports;
        },
        { name: 'vandal', reads, batch: { items: 10, characters: 1_000 } },
      );

    test.each(FORMS)('a moderator changes neither for the next one nor in what is sent: a %s', async (form) => {
      const next: Scripted = scripted<string>({ reads });
      const guard = watch({ moderators: [vandal(), next] });
      const generated = model(reply('fine'));
      const came = await ask(form, guard, request, generated);
      expect(came.delivery).toBe('delivered');
      expect(generated.generations.map((each) => textOf(each.request))).toEqual(['[removed]\n[removed]\ngo on']);
      expect(new Set(next.texts())).toEqual(new Set(['fine', 'go on', 'no', 'zorp']));
      expect(guard.told['moderator-failed']).toEqual([]);
    });

    test.each(FORMS)('a moderator saves nothing from being refused: a %s', async (form) => {
      for (const [said, answered] of [
        ['zorp', 'fine'],
        ['hello', 'zorp'],
      ] as const) {
        const guard = watch({ moderators: [vandal(), scripted<string>({ reads })] });
        const came = await ask(form, guard, chat(said), model(reply(answered)));
        expect(came.delivery).toBe('refused');
        expect(JSON.stringify(came.reply)).not.toMatch(/zorp/);
      }
    });
  });

  test.each(FORMS)('a scope changes nothing of what is judged and sent: a %s', async (form) => {
    const scope = (segment: object): boolean => {
      vandalise(segment);
      return true;
    };
    const moderator: Scripted = scripted<string>();
    const guard = watch({ moderators: [moderator], input: { scope }, output: { scope } });
    const generated = model(reply('fine'));
    await ask(form, guard, request, generated);
    expect(generated.generations.map((each) => textOf(each.request))).toEqual(['[removed]\n[removed]\ngo on']);
    expect(new Set(moderator.texts())).toEqual(new Set(['fine', 'go on', 'no', 'zorp']));
    expect((await ask(form, guard, chat('zorp'), model(reply('fine')))).delivery).toBe('refused');
    expect((await ask(form, guard, chat('hello'), model(reply('a zorp')))).delivery).toBe('refused');
  });
});

test('A model that is another than last time is told, once', async () => {
  let served = 'model-1';
  const guard = watch({
    moderators: [scripted({ script: () => ({ ...clear(), model: served }) })],
    moderation: { cache: false },
  });
  await guard.check('a');
  await guard.check('b');
  served = 'model-2';
  await guard.check('c');
  await guard.check('d');
  expect(guard.told['model-changed']).toEqual([{ moderator: 'words', from: 'model-1', to: 'model-2' }]);
});

test('A failure says what it knows', async () => {
  const guard = watch({
    moderators: [scripted({ script: () => failed('quota', { retryAfterMs: 500, detail: 'Top up.' }) })],
  });
  await guard.check('hello');
  expect(guard.told['moderator-failed']).toEqual([
    { moderator: 'words', stage: 'input', reason: 'quota', items: 1, retryAfterMs: 500, detail: 'Top up.' },
  ]);
});

test('A moderator that is a class keeps its `this`', async () => {
  class Own {
    readonly name = 'own';
    readonly categories = ['zorp'] as const;
    readonly #word = 'zorp';
    async moderate(items: readonly { segment: { text?: string } }[]): Promise<ReturnType<typeof findWords>[]> {
      return items.map(({ segment }) => (segment.text?.includes(this.#word) ? flag(['zorp']) : clear()));
    }
  }
  expect((await watch({ moderators: [new Own()] }).check('zorp')).action).toBe('block');
});

describe('For every order of arrivals, aborts and failures', () => {
  test('each check ends exactly once, and an abort of one never changes the verdict of another', async () => {
    const step = fc.record({
      text: fc.constantFrom('zorp 1', 'zorp 2', 'fine 1', 'fine 2', 'poison', 'down', 'odd'),
      arrives: fc.nat({ max: 4 }),
      aborts: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
    });
    const limits = fc.constantFrom(undefined, { items: 2, characters: 100 }, { items: 10, characters: 1_000 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        limits,
        fc.boolean(),
        async (steps, batch, hasCache) => {
          const moderator = answering(
            async (items, { signal }) => {
              const all = items.map(({ segment }) => segment.text ?? '');
              await sleep(all.join('').length % 3);
              if (signal.aborted) throw new Error('told to stop');
              if (all.includes('poison')) return 'rubbish';
              return items.map((item) =>
                item.segment.text === 'down'
                  ? failed('unavailable')
                  : item.segment.text === 'odd'
                    ? null
                    : findWords(item),
              );
            },
            { ...(batch && { batch }) },
          );
          const guard = watch({
            moderators: [moderator],
            moderation: { deadline: 1_000, ...(!hasCache && { cache: false }) },
          });
          const ends = await within(
            3_000,
            Promise.all(
              steps.map(async ({ text, arrives, aborts }) => {
                await sleep(arrives);
                const controller = new AbortController();
                if (aborts === 0) queueMicrotask(() => controller.abort());
                else if (aborts !== undefined) setTimeout(() => controller.abort(), aborts);
                return guard.check(text, { signal: controller.signal }).catch((error: unknown) => error);
              }),
            ),
          );
          for (const [index, end] of ends.entries()) {
            const { text, aborts } = steps[index] ?? { text: '', aborts: undefined };
            if (end instanceof Error) {
              expect(end.name).toBe('AbortError');
              expect(aborts).toBeDefined();
            } else if (text.startsWith('zorp') || text.startsWith('fine'))
              // In a batch that is split or fails as a whole it may be unchecked, but never anything false.
              expect(end).toMatchObject(
                (end as { unchecked: unknown[] }).unchecked.length > 0
                  ? { action: 'block', findings: [] }
                  : { action: text.startsWith('zorp') ? 'block' : 'allow', unchecked: [] },
              );
            else expect(end).toMatchObject({ action: 'block', findings: [], unchecked: [{ reason: 'failed' }] });
          }
          expect(guard.told.settled).toHaveLength(steps.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('A stage may be asked through many windows of one call without waiting for each other', async () => {
  const gate = latch();
  const moderator = scripted({
    script: async ({ segment }) => {
      if (segment.text === 'slow') await gate.promise;
      return clear();
    },
  });
  const guard = watch({ moderators: [moderator] });
  const slow = guard.check('slow');
  expect((await within(100, guard.check('quick'))).action).toBe('allow');
  gate.resolve();
  await slow;
  expect(await collect(guard.checkMany([]))).toEqual([]);
});
