import { describe, expect, test } from 'vitest';
import {
  clear,
  failed,
  firstAvailable,
  flag,
  quorum,
  cascade,
  retry,
  type ChatAdapter,
  type GuardOptions,
  type Item,
  type Moderator,
  type Segment,
} from '../src/index.ts';
import { collect, iterate, watch } from './support/guards.ts';
import { latch, scripted, sleep } from './support/moderators.ts';

/** A protocol whose chunks say what they add, text or a medium, at whatever path. */
type Chunk = readonly Piece[];
interface Piece {
  readonly path: string;
  readonly text?: string;
  readonly image?: URL;
  readonly isWhole?: true;
}

const segmentOf = ({ path, text, image, isWhole }: Piece): Segment => ({
  kind: text === undefined ? 'image' : 'text',
  role: 'assistant',
  path,
  ...(text !== undefined && { text }),
  ...(image && { image }),
  ...(isWhole && { isWhole }),
});

const adapter: ChatAdapter<string, Chunk, Chunk> = {
  name: 'pieces',
  readRequest: () => ({ messages: [] }),
  rewriteRequest: (request) => request,
  addFeedback: (request) => request,
  readReply: (reply) => ({ segments: reply.map(segmentOf) }),
  refuse: (_request, { message }) => [{ path: 'refusal', text: message }],
  addUsage: (reply) => reply,
  openStream: () => ({
    read: (chunk) => ({ segments: chunk.map(segmentOf) }),
    without: (chunk, { paths }) => (chunk.some(({ path }) => paths.includes(path)) ? undefined : chunk),
    refuse: ({ message }) => [[{ path: 'refusal', text: message }]],
    isEverything: (paths) => paths.length >= 2,
    addUsage: (chunk) => chunk,
  }),
};

const PICTURE = new URL('https://example.com/a.png');
const text = (path: string, said: string): Chunk => [{ path, text: said }];
const picture = (path: string): Chunk => [{ path, image: PICTURE }];
const refusal = expect.objectContaining({ path: 'refusal' });

const flagging = (more: Partial<Moderator> = {}, asked: Item[] = []) =>
  scripted<string>({
    categories: ['zorp'],
    script: (item) => {
      asked.push(item);
      return item.segment.text?.includes('zorp') ? flag(['zorp']) : clear();
    },
    ...more,
  });

async function stream(
  chunks: readonly Chunk[],
  moderators: readonly Moderator[] = [flagging()],
  options: Partial<GuardOptions> = {},
) {
  const guard = watch<Moderator>({ moderators: { input: [], output: moderators }, ...options });
  let sent = 0;
  const upstream = (async function* () {
    for (const chunk of chunks) {
      sent += 1;
      yield chunk;
    }
  })();
  const { stream: guarded } = await guard.stream(adapter, 'hello', async () => upstream);
  const got = await collect(guarded);
  await guard.idle();
  return { got, guard, settled: guard.told.settled[0], sent: () => sent };
}

const LONG = Array.from({ length: 700 }, (_, at) => `${at} and ${'x'.repeat(100)}`);

describe('More than is read ahead, held behind a chunk that says nothing, does not hang', () => {
  test('a text that leaves as a whole', async () => {
    const chunks: Chunk[] = [[], ...LONG.map((said): Chunk => [{ path: 'a', text: said, isWhole: true }])];
    const { got, settled } = await stream(chunks);
    expect(got).toEqual(chunks);
    expect(settled?.delivery).toBe('delivered');
  });

  test('a reply that is held as a whole', async () => {
    const chunks: Chunk[] = [[], ...LONG.map((said) => text('a', said))];
    const { got } = await stream(chunks, [flagging()], { output: { release: 'whole' } });
    expect(got).toEqual(chunks);
  });

  test('what comes beside something that was flagged', async () => {
    const chunks: Chunk[] = [[], [], text('a', 'a zorp'), ...LONG.map((said) => text('b', said))];
    const { got, settled, sent } = await stream(chunks);
    expect(JSON.stringify(got)).not.toContain('zorp');
    expect(got).toContainEqual([refusal]);
    expect(settled?.delivery).toBe('refused');
    expect(sent()).toBe(chunks.length);
  });
});

test('Tens of thousands of chunks that say nothing cost no more each than a few', async () => {
  const cost = async (count: number): Promise<number> => {
    const chunks: Chunk[] = [...Array.from({ length: count }, (): Chunk => []), text('a', 'end')];
    const start = process.cpuUsage();
    await stream(chunks);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / count;
  };
  await cost(2_000);
  const few = await cost(2_000);
  expect(await cost(40_000)).toBeLessThan(8 * few + 20);
});

describe('A medium', () => {
  test('at the path of a text lets none of it go', async () => {
    const images = scripted<string>({ name: 'images', categories: ['odd'], kinds: ['image'], script: () => clear() });
    for (const moderators of [[flagging()], [flagging(), images]]) {
      const { got, settled } = await stream([text('a', 'a zorp '), picture('a'), text('a', 'more')], moderators);
      expect(got).toEqual([[refusal]]);
      expect(settled?.output?.findings).toMatchObject([{ category: 'zorp' }]);
    }
  });

  test('waits for all the rest where a reply leaves as a whole', async () => {
    const isOver = latch();
    const guard = watch<Moderator>({ moderators: { input: [], output: [flagging()] }, output: { release: 'whole' } });
    const { stream: guarded } = await guard.stream(adapter, 'hello', async () =>
      (async function* () {
        yield picture('p');
        await isOver.promise;
        yield text('a', 'a zorp');
      })(),
    );
    const iterator = guarded[Symbol.asyncIterator]();
    const first = iterator.next();
    expect(await Promise.race([first, sleep(30).then(() => 'held')])).toBe('held');
    isOver.resolve();
    expect(await first).toMatchObject({ value: [refusal] });
    expect(await iterator.next()).toMatchObject({ value: picture('p') }); // it was not what was refused
  });

  test('is part of the message for whoever reads messages, streamed as whole', async () => {
    const asked: Item[] = [];
    const reader = flagging({ reads: 'message', kinds: ['text', 'image'] }, asked);
    const guard = watch<Moderator>({ moderators: { input: [], output: [reader] } });
    const pieces = [...text('a', 'one'), ...picture('p')];
    await guard.reply(adapter, 'hello', async () => pieces);
    const { stream: guarded } = await guard.stream(adapter, 'hello', async () =>
      iterate(pieces.map((piece) => [piece])),
    );
    await collect(guarded);
    expect(asked.map(({ message }) => message?.map(({ kind }) => kind))).toEqual([
      ['text', 'image'],
      ['text', 'image'],
    ]);
  });

  test('that has left is something that has left: nothing is generated again', async () => {
    let generations = 0;
    const guard = watch<Moderator>({
      moderators: { input: [], output: [flagging()] },
      output: { fallback: retry() },
    });
    const { stream: guarded } = await guard.stream(adapter, 'hello', async () => {
      generations += 1;
      return (async function* () {
        yield picture('p');
        await sleep(20);
        yield text('a', 'a zorp');
      })();
    });
    const got = await collect(guarded);
    expect(got).toEqual([picture('p'), [refusal]]);
    expect(generations).toBe(1);
  });
});

describe('A flag without a category', () => {
  const nameless = scripted<string>({
    name: 'nameless',
    categories: ['spam'],
    script: ({ segment: { text: said = '' } }) =>
      said.includes('zorp') ? flag() : said.includes('spam') ? flag(['spam']) : clear(),
  });
  const policy = { categories: { '*': 'flag', spam: { warn: 'flag' } } } as const;
  const SPAM = `Buy spam now. ${'And so on and on, again and again. '.repeat(4)}`;

  test('blocks a stream in which another window is flagged with one', async () => {
    const pieces = ['A zorp stands here. ', SPAM].map((said) => text('a', said));
    for (const chunks of [pieces, pieces.toReversed(), [pieces.flat()]]) {
      const { got, settled } = await stream(chunks, [nameless], { policy });
      expect(JSON.stringify(got)).not.toContain('zorp');
      expect(settled).toMatchObject({ delivery: 'refused', output: { action: 'block' } });
    }
  });

  test('blocks a long text in which another piece is flagged with one', async () => {
    const guard = watch<Moderator>({ moderators: [{ ...nameless, maxCharacters: 200 }], policy });
    expect(await guard.check(`A zorp. ${'and so on '.repeat(40)}${SPAM}`)).toMatchObject({ action: 'block' });
  });

  test('blocks through a composite that adds a category, or joins it with another', async () => {
    const named = (name: string, ...flagged: string[]): Moderator =>
      scripted<string>({ name, categories: ['spam'], script: () => flag(flagged) });
    const unsure: Moderator = scripted<string>({
      name: 'unsure',
      categories: ['spam'],
      script: () => clear({ spam: 0.5 }),
    });
    const rules = { '*': 'flag', spam: { warn: 'flag' } } as const;
    for (const moderator of [
      quorum(2, [named('a'), named('b'), named('c', 'spam')]),
      cascade([unsure, named('d')], { disagreement: 'contested' }),
    ]) {
      const guard = watch<Moderator>({ moderators: [moderator], policy: { categories: rules } });
      expect(await guard.check('anything')).toMatchObject({ action: 'block' });
    }
  });
});

describe('Not remembered', () => {
  const REPLY = `This sentence is odd. ${'Lorem ipsum dolor sit amet and so on and so forth. '.repeat(5)}And here is a zorp.`;

  test('is what a moderator is still judging when a fallback lets a block go', async () => {
    const quick = scripted<string>({
      name: 'quick',
      categories: ['odd'],
      script: ({ segment }) => (segment.text?.includes('odd') ? flag(['odd']) : clear()),
    });
    const slow = scripted<string>({
      name: 'slow',
      categories: ['bad'],
      script: async ({ segment }) => {
        if (!segment.text?.includes('zorp')) return clear();
        await sleep(60);
        return flag(['bad']);
      },
    });
    const { guard } = await stream([text('a', REPLY)], [quick, slow], {
      output: { fallback: { waits: true, retries: 0, answer: () => ({ kind: 'release' }) } },
    });
    const { findings } = await guard.check([{ kind: 'text', role: 'assistant', path: 'a', text: REPLY }], {
      stage: 'output',
    });
    expect(findings.map(({ category }) => category).toSorted()).toEqual(['bad', 'odd']);
  });

  test('is a text of which one that sits in two places judged one window twice and another not at all', async () => {
    const partial = scripted<string>({
      name: 'partial',
      categories: ['bad'],
      script: ({ segment }) => (segment.text?.includes('zorp') ? failed('refused') : clear()),
    });
    const other = scripted<string>({ name: 'other', categories: ['bad'], script: () => clear() });
    const moderators = [partial, firstAvailable([partial, other])];
    const { guard, settled } = await stream([text('a', REPLY)], moderators, { whenUnchecked: { failed: 'allow' } });
    expect(settled?.output?.unchecked).toMatchObject([{ reason: 'failed' }]);
    const { unchecked } = await guard.check([{ kind: 'text', role: 'assistant', path: 'a', text: REPLY }], {
      stage: 'output',
    });
    expect(unchecked).toMatchObject([{ reason: 'failed', moderator: 'partial' }]);
  });
});

test('Readers that ask before they have got get everything, in order', async () => {
  const chunks = Array.from({ length: 30 }, (_, at) => text('a', `Sentence ${at} has several words. `));
  const guard = watch<Moderator>({ moderators: { input: [], output: [flagging({}, [])] } });
  const { stream: guarded } = await guard.stream(adapter, 'hello', async () =>
    (async function* () {
      for (const chunk of chunks) {
        await sleep(1);
        yield chunk;
      }
    })(),
  );
  const iterator = guarded[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: chunks.length }, () => iterator.next()));
  expect(results).toEqual(chunks.map((value) => ({ done: false, value })));
  expect(await iterator.next()).toMatchObject({ done: true });
});

test('Nothing is judged any longer of a retry whose upstream broke', async () => {
  const signals: AbortSignal[] = [];
  let generations = 0;
  const hanging = scripted<string>({
    categories: ['zorp'],
    script: async ({ segment }, { signal }) => {
      if (segment.text?.includes('zorp')) return flag(['zorp']);
      signals.push(signal);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      return clear();
    },
  });
  const guard = watch<Moderator>({ moderators: { input: [], output: [hanging] }, output: { fallback: retry() } });
  const { stream: guarded } = await guard.stream(adapter, 'hello', async () => {
    generations += 1;
    return generations === 1
      ? iterate([text('a', 'a zorp')])
      : (async function* () {
          yield text('a', 'Fine so far. ');
          await sleep(10);
          throw new Error('broken');
        })();
  });
  expect(await collect(guarded)).toEqual([[refusal]]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

test('A second look with more context than it has room for ends, at the cost of a second look', async () => {
  const asked: Item[] = [];
  const said = 'This is a sentence of a reply. '.repeat(20);
  const { settled } = await stream([text('a', said)], [flagging({}, asked)], {
    output: { recheck: true, window: { context: 5_000 } },
  });
  expect(settled?.delivery).toBe('delivered');
  expect(asked.length).toBeLessThan(12);
});

test('A request that is lost does not take with it who asks later', async () => {
  let requests = 0;
  const lossy = scripted<string>({
    categories: ['zorp'],
    script: () => (++requests === 1 ? new Promise(() => {}) : clear()),
  });
  const guard = watch<Moderator>({ moderators: [lossy], moderation: { deadline: 60, retries: 0 } });
  const decisions: string[] = [];
  for (let at = 0; at < 12; at++) {
    void guard.check('hi').then(({ action }) => decisions.push(action));
    await sleep(20);
  }
  await guard.idle();
  await sleep(80);
  expect(decisions.filter((action) => action === 'allow').length).toBeGreaterThan(4);
  expect(decisions[0]).toBe('block');
});

test('Thousands of images and texts of one message are asked about in a time that grows with their number', async () => {
  const many = async (count: number): Promise<number> => {
    const images = scripted<string>({
      name: 'images',
      categories: ['odd'],
      kinds: ['image', 'text'],
      script: () => clear(),
    });
    const guard = watch<Moderator>({ moderators: [images, firstAvailable([images])] });
    const content: Segment[] = Array.from({ length: count }, (_, at) => ({
      kind: 'image',
      role: 'user',
      path: `images[${at}]`,
      image: PICTURE,
    }));
    const begun = performance.now();
    await guard.check(content);
    return performance.now() - begun;
  };
  await many(200);
  const few = await many(500);
  expect(await many(4_000)).toBeLessThan(30 * few + 200);
});
