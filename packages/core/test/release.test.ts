import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clear,
  failed,
  firstAvailable,
  flag,
  retry,
  type GuardOptions,
  type Item,
  type Moderator,
} from '../src/index.ts';
import { collect, iterate, watch } from './support/guards.ts';
import { latch, nothing, scripted, sleep } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, type Chunk } from './support/protocol.ts';

const SENTENCE = 'The slithy toves did gyre and gimble in the wabe. ';

function chunked(text: string, sizes: readonly number[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    chunks.push({ pieces: [{ choice: 0, field: 'text', text: text.slice(at, at + size) }] });
    at += size;
  }
  return [...chunks, { pieces: [], isEnd: true }];
}

const said = (chunks: readonly Chunk[]): string =>
  chunks
    .flatMap(({ pieces }) => pieces)
    .filter(({ isRefused }) => !isRefused)
    .map(({ text }) => text)
    .join('');

const whole = ({ before = '', segment: { text = '' } }: Item): string => before + text;

/** Answers in another order than it is asked. */
function shuffled(find: (text: string) => boolean, delays: readonly number[], more: Partial<Moderator> = {}) {
  let asked = 0;
  return scripted<string>({
    ...more,
    categories: ['zorp'],
    script: async (item) => {
      const hops = delays[asked++ % delays.length] ?? 0;
      for (let hop = 0; hop < hops; hop++) await Promise.resolve();
      return find(whole(item)) ? flag(['zorp']) : clear();
    },
  });
}

async function stream(moderator: Moderator, chunks: readonly Chunk[], options: Partial<GuardOptions> = {}) {
  const guard = watch<Moderator>({ moderators: { input: [], output: [moderator] }, ...options });
  const { stream: guarded } = await guard.stream(protocol, chat('hello'), async () => iterate(chunks));
  const got = await collect(guarded);
  await guard.idle();
  return { got, guard, settled: guard.told.settled[0] };
}

const words = fc.constantFrom('a', 'few', 'words', 'and', 'more.', 'so?', '坏话。', 'ไทย', '🙂', 'x\ny', '...');
const texts = fc.array(words, { maxLength: 120 }).map((list) => list.join(' '));
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });
const delays = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 });
const windows = fc
  .record({ first: fc.integer({ min: 1, max: 100 }), more: fc.nat({ max: 300 }), context: fc.nat({ max: 100 }) })
  .map(({ first, more, context }) => ({ first, size: first + more, context }));

describe.each(['verified', 'whole'] as const)('For any text, chunks, windows and order of verdicts, %s', (release) => {
  test('clear text arrives as the very chunks that came', async () => {
    await fc.assert(
      fc.asyncProperty(texts, sizes, delays, windows, async (text, sizes, delays, window) => {
        const chunks = chunked(text, sizes);
        const { got, settled } = await stream(
          shuffled(() => false, delays),
          chunks,
          { output: { release, window } },
        );
        expect(got).toHaveLength(chunks.length);
        got.forEach((chunk, index) => expect(chunk).toBe(chunks[index]));
        expect(settled).toMatchObject({ delivery: 'delivered', output: { action: 'allow', unchecked: [] } });
      }),
      { numRuns: release === 'verified' ? 10_000 : 1_500 },
    );
  });

  test('no part of a marker leaves, wherever it stands and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        texts,
        fc.constantFrom('zorp', 'zörp-blarg', '坏坏话', 'zo🙂rp'),
        sizes,
        delays,
        windows,
        fc.boolean(),
        async (before, after, marker, sizes, delays, window, isPattern) => {
          const text = `${before} ${marker} ${after}`;
          const span = isPattern ? { span: marker.length } : {};
          const moderator = shuffled((judged) => judged.includes(marker), delays, span);
          const { got, guard, settled } = await stream(moderator, chunked(text, sizes), {
            output: { release, window },
          });
          expect(settled).toMatchObject({ delivery: 'refused', output: { action: 'block' } });
          const left = said(got);
          expect(text.startsWith(left)).toBe(true);
          expect(left.length).toBeLessThanOrEqual(before.length + 1);
          expect(guard.told.flagged).toHaveLength(1);
          expect(guard.told.flagged[0]?.released).toBe(left.length);
          if (release === 'whole') expect(left).toBe('');
          expect(got.at(-1)?.isEnd, 'the protocol ends').toBe(true);
        },
      ),
      { numRuns: release === 'verified' ? 10_000 : 1_500 },
    );
  });
});

test('A chunk leaves only when the window that holds it was cleared, with all before it', async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      sizes,
      windows,
      fc.array(fc.nat({ max: 5 }), { minLength: 1 }),
      async (text, sizes, window, order) => {
        const open: { readonly item: Item; readonly answer: (report: unknown) => void }[] = [];
        const cleared: string[] = [];
        const moderator = scripted<string>({
          script: (item) => new Promise((answer) => void open.push({ item, answer })),
        });
        const guard = watch<Moderator>({
          moderators: { input: [], output: [moderator] },
          output: { window },
          moderation: { cache: false },
        });
        const { stream: guarded } = await guard.stream(protocol, chat('hello'), async () =>
          iterate(chunked(text, sizes)),
        );
        let left = '';
        const state = { isDone: false };
        const reading = (async () => {
          for await (const chunk of guarded) left += said([chunk]);
          state.isDone = true;
        })();
        for (let turn = 0; !state.isDone && turn < 10_000; turn++) {
          await new Promise(setImmediate);
          // All that left is part of texts that were cleared, joined from the beginning without a gap.
          let known = '';
          for (let progress = true; progress;) {
            progress = false;
            for (const each of cleared)
              for (let at = known.length; at >= Math.max(0, known.length - each.length); at--)
                if (
                  text.startsWith(each, at) &&
                  at + each.length > known.length &&
                  known === text.slice(0, known.length)
                ) {
                  known = text.slice(0, at + each.length);
                  progress = true;
                }
          }
          expect(left.length).toBeLessThanOrEqual(known.length);
          const [next] = open.splice((order[turn % order.length] ?? 0) % Math.max(1, open.length), 1);
          if (!next) continue;
          cleared.push(whole(next.item));
          next.answer(clear());
        }
        await reading;
        expect(left).toBe(text);
      },
    ),
    { numRuns: 150 },
  );
});

test('Two words that are flagged together are found across windows, within a window and its context', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 1_200 }), fc.nat({ max: 60 }), sizes, async (at, apart, sizes) => {
      const filler = 'mimsy were the borogoves ';
      const start = filler.repeat(60).slice(0, at);
      const text = `${start} zorp ${filler.repeat(4).slice(0, apart)} blarg ${filler.repeat(8)}`;
      const moderator = shuffled((judged) => judged.includes(' zorp ') && judged.includes(' blarg'), [0]);
      const { settled } = await stream(moderator, chunked(text, sizes));
      expect(settled?.delivery).toBe('refused');
    }),
    { numRuns: 200 },
  );
});

describe('Words that stand further apart', () => {
  const text = `zorp ${SENTENCE.repeat(20)}blarg ${SENTENCE}`;
  const together = (): Moderator => shuffled((judged) => judged.includes('zorp') && judged.includes('blarg'), [0]);
  test('are not seen in windows, but by `recheck`, which stops the stream and says how much had left', async () => {
    expect((await stream(together(), chunked(text, [5]))).settled?.delivery).toBe('delivered');
    const { settled, guard, got } = await stream(together(), chunked(text, [5]), { output: { recheck: true } });
    expect(settled?.delivery).toBe('refused');
    expect(guard.told.flagged[0]?.released).toBe(said(got).length);
    expect(said(got).length).toBeGreaterThan(0);
  });
  test('and by `whole`, of which nothing leaves', async () => {
    const { got, settled } = await stream(together(), chunked(text, [5]), { output: { release: 'whole' } });
    expect(settled?.delivery).toBe('refused');
    expect(said(got)).toBe('');
  });
});

describe('Immediate', () => {
  test('text leaves as it comes, and stops at a flag, which says how much had left', async () => {
    const verdict = latch();
    const moderator = scripted<string>({
      categories: ['zorp'],
      script: async () => {
        await verdict.promise;
        return flag(['zorp']);
      },
    });
    const guard = watch<Moderator>({
      moderators: { input: [], output: [moderator] },
      output: { release: 'immediate' },
    });
    const go = latch();
    async function* model(): AsyncGenerator<Chunk> {
      yield* chunked(SENTENCE, [5]).slice(0, -1);
      await go.promise;
      yield* chunked(SENTENCE, [5]);
    }
    const { stream: guarded } = await guard.stream(protocol, chat('hello'), async () => model());
    const got: Chunk[] = [];
    const reading = (async () => {
      for await (const chunk of guarded) got.push(chunk);
    })();
    await sleep(5);
    expect(said(got)).toBe(SENTENCE);
    verdict.resolve();
    await reading;
    go.resolve();
    expect(said(got)).toBe(SENTENCE);
    expect(got.at(-1)?.isEnd).toBe(true);
    await guard.idle();
    expect(guard.told.flagged).toMatchObject([{ released: SENTENCE.length }]);
    expect(guard.told.settled).toMatchObject([{ delivery: 'refused' }]);
  });
});

describe('A retry', () => {
  test('is possible until a character has left: what was discarded is never seen', async () => {
    const guard = watch<Moderator>({
      moderators: { input: [], output: [shuffled((text) => text.includes('zorp'), [0])] },
      output: { fallback: retry() },
    });
    const answers = [`A zorp. ${SENTENCE}`, SENTENCE];
    const { stream: guarded } = await guard.stream(protocol, chat('hello'), async (_, { attempt }) =>
      iterate(chunked(answers[attempt - 1] ?? '', [5])),
    );
    expect(said(await collect(guarded))).toBe(SENTENCE);
    expect(guard.told.settled).toMatchObject([{ delivery: 'delivered', attempts: 2 }]);
  });
  test('is not any longer when text has left: it takes otherwise', async () => {
    const guard = watch<Moderator>({
      moderators: { input: [], output: [shuffled((text) => text.includes('zorp'), [0])] },
      output: { fallback: retry() },
    });
    async function* model(): AsyncGenerator<Chunk> {
      yield* chunked(SENTENCE, [5]).slice(0, -1);
      await sleep(5);
      yield* chunked(`A zorp. ${SENTENCE}`, [5]);
    }
    const { stream: guarded } = await guard.stream(protocol, chat('hello'), async () => model());
    expect(said(await collect(guarded))).toBe(SENTENCE);
    expect(guard.told.settled).toMatchObject([{ delivery: 'refused', attempts: 1 }]);
  });
});

test('On a block the generation is told to stop at once, and nothing is moderated afterwards', async () => {
  const moderator = shuffled((text) => text.includes('zorp'), [0]);
  const guard = watch<Moderator>({ moderators: { input: [], output: [moderator] } });
  let stopped: number | undefined;
  let flagged = 0;
  guard.on('flagged', () => void (flagged = performance.now()));
  const { stream: guarded } = await guard.stream(protocol, chat('hello'), async (_, { signal }) => {
    signal.addEventListener('abort', () => void (stopped = performance.now()));
    return (async function* (): AsyncGenerator<Chunk> {
      yield* chunked(`A zorp. `, [5]).slice(0, -1);
      for (let turn = 0; turn < 200 && !signal.aborted; turn++) {
        await sleep(1);
        yield* chunked(SENTENCE, [20]).slice(0, -1);
      }
    })();
  });
  await collect(guarded);
  const { length } = moderator.requests;
  expect(stopped).toBeDefined();
  expect(Math.abs((stopped ?? Infinity) - flagged)).toBeLessThan(20);
  await sleep(20);
  expect(moderator.requests).toHaveLength(length);
});

test('An abort after any number of chunks closes upstream, moderates no more, and settles once', async () => {
  for (let point = 0; point < 200; point++) {
    const moderator = scripted<string>({ script: nothing });
    const guard = watch<Moderator>({ moderators: { input: [], output: [moderator] } });
    const controller = new AbortController();
    let isClosed = false;
    async function* model(): AsyncGenerator<Chunk> {
      try {
        for (let turn = 0; turn < 30; turn++) yield* chunked(SENTENCE, [7]).slice(0, -1);
      } finally {
        isClosed = true;
      }
    }
    const { stream: guarded } = await guard.stream(protocol, chat('hello'), async () => model(), {
      signal: controller.signal,
    });
    let seen = 0;
    await expect(
      (async () => {
        for await (const _ of guarded) if (seen++ === point) controller.abort();
        throw new Error('It went on');
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
    const { length } = moderator.requests;
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
    expect(moderator.requests).toHaveLength(length);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
  }
});

test('What may not be held any longer is too large: refused, or let go unjudged and said so', async () => {
  const chunks: Chunk[] = [
    ...Array.from({ length: 20 }, (): Chunk => ({ pieces: [{ choice: 0, field: 'args', text: 'x'.repeat(100) }] })),
    { pieces: [], isEnd: true },
  ];
  const refused = await stream(scripted<string>({ script: nothing }), chunks, { output: { maxHeld: 1_000 } });
  expect(refused.settled).toMatchObject({ delivery: 'refused', output: { unchecked: [{ reason: 'too-large' }] } });
  expect(said(refused.got)).toBe('');
  const allowed = await stream(scripted<string>({ script: nothing }), chunks, {
    output: { maxHeld: 1_000 },
    whenUnchecked: 'allow',
  });
  expect(allowed.got).toEqual(chunks);
  expect(allowed.settled).toMatchObject({ delivery: 'delivered', output: { unchecked: [{ reason: 'too-large' }] } });
});

test('A megabyte flows in bounded memory and linear cost, in small chunks as in large ones', async () => {
  // No two windows are alike: what is in flight already would not be asked again.
  const text = Array.from({ length: 20_000 }, (_, number) => `${number}: ${SENTENCE}`).join('');
  const cost = async (size: number): Promise<number> => {
    const moderator = scripted<string>({ script: nothing });
    let characters = 0;
    const counting: Moderator = {
      ...moderator,
      moderate: (items, options) => {
        for (const item of items) characters += whole(item).length;
        return moderator.moderate(items, options);
      },
    };
    const { settled } = await stream(counting, chunked(text, [size]), { moderation: { cache: false } });
    expect(settled?.delivery).toBe('delivered');
    return characters;
  };
  const large = await cost(1_000);
  expect(large / text.length).toBeLessThanOrEqual(1.3);
  expect(await cost(20)).toBe(large);
});

test('What was streamed is remembered as history', async () => {
  const moderator = scripted<string>({ script: nothing });
  const guard = watch<Moderator>({ moderators: [moderator] });
  const answer = SENTENCE.repeat(12);
  const { stream: first } = await guard.stream(protocol, chat('hello'), async () => iterate(chunksOf(reply(answer))));
  await collect(first);
  const before = moderator.requests.length;
  const { stream: second } = await guard.stream(protocol, chat('hello', answer, 'go on'), async () =>
    iterate(chunksOf(reply('Fine.'))),
  );
  await collect(second);
  expect(moderator.texts().slice(before)).toEqual(['go on', 'Fine.']);
});

test('What was judged in part only is not remembered: it is asked about when it comes back', async () => {
  let asked = 0;
  const moderator = scripted<string>({
    script: ({ segment }) => (segment.role === 'assistant' && ++asked === 2 ? failed('unavailable') : clear()),
  });
  const guard = watch<Moderator>({ moderators: [moderator], whenUnchecked: 'allow' });
  const answer = SENTENCE.repeat(12);
  const { stream: first } = await guard.stream(protocol, chat('hello'), async () => iterate(chunksOf(reply(answer))));
  expect(said(await collect(first))).toBe(answer);
  expect(guard.told.settled[0]?.output?.unchecked).toMatchObject([{ reason: 'failed' }]);
  const before = moderator.requests.length;
  await guard.check([
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: answer },
    { role: 'user', content: 'go on' },
  ]);
  expect(new Set(moderator.texts().slice(before))).toEqual(new Set([answer, 'go on']));
});

test('What one member judged in part, and another one the rest, neither of them has judged', async () => {
  let asked = 0;
  const first = scripted<string>({
    name: 'first',
    script: ({ segment }) => (segment.role === 'assistant' && ++asked === 2 ? failed('unavailable') : clear()),
  });
  const second = scripted<string>({ name: 'second', script: nothing });
  const guard = watch<Moderator>({ moderators: [firstAvailable([first, second])] });
  const answer = SENTENCE.repeat(12);
  const { stream: streamed } = await guard.stream(protocol, chat('hello'), async () =>
    iterate(chunksOf(reply(answer))),
  );
  expect(said(await collect(streamed))).toBe(answer);
  const before = first.requests.length;
  await guard.check([
    { role: 'assistant', content: answer },
    { role: 'user', content: 'go on' },
  ]);
  expect(new Set(first.texts().slice(before))).toEqual(new Set([answer, 'go on']));
});

test("With 'during' the reply is judged beside the input: nothing leaves before the input is clear", async () => {
  const input = latch();
  const judged = scripted<string>({
    name: 'input',
    script: async () => {
      await input.promise;
      return clear();
    },
  });
  const moderator = scripted<string>({ script: nothing });
  const guard = watch<Moderator>({ moderators: { input: [judged], output: [moderator] }, input: { timing: 'during' } });
  const running = guard.stream(protocol, chat('hello'), async () => iterate(chunked(SENTENCE.repeat(3), [5])));
  let isOpen = false;
  void running.then(() => (isOpen = true));
  await sleep(10);
  expect(isOpen).toBe(false);
  expect(moderator.requests.length).toBeGreaterThan(0);
  input.resolve();
  expect(said(await collect((await running).stream))).toBe(SENTENCE.repeat(3));
});
