import { createGuard, type ChatMessage, type Decision, type Finding, type Guard } from '@chaperone/core';
import type { Events, Span, VerdictStore } from '@chaperone/core';
import { startServer, type TestServer } from '@chaperone/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { openaiModeration } from '../src/index.ts';
import { story } from './support/texts.ts';

const openai = (server: TestServer) => openaiModeration({ baseURL: server.url, apiKey: 'none' });
const findZorp = (text: string) => ({ flagged: text.includes('zorp') ? ['violence'] : [] });

const TURNS = 20;
const userSays = (turn: number): string => story(turn * 2, 120);
const modelSays = (turn: number): string => story(turn * 2 + 1, 160);

/** The chat up to what the user says in this turn. */
function historyOf(turn: number): ChatMessage[] {
  const before = Array.from({ length: turn - 1 }, (_, index): ChatMessage[] => [
    { role: 'user', content: userSays(index + 1) },
    { role: 'assistant', content: modelSays(index + 1) },
  ]);
  return [...before.flat(), { role: 'user', content: userSays(turn) }];
}

const textsOf = (messages: readonly ChatMessage[]): string[] =>
  messages.map(({ content }) => (typeof content === 'string' ? content : ''));

async function* words(text: string): AsyncIterable<string> {
  for (const word of text.match(/\s*\S+|\s+/g) ?? []) {
    await Promise.resolve();
    yield word;
  }
}

/** One turn of a chat, its reply at once or as a stream. */
async function ask(guard: Guard, messages: readonly ChatMessage[], reply: string, isStreamed = false): Promise<string> {
  if (!isStreamed) return guard.wrap(async () => reply)(messages);
  const pieces: string[] = [];
  for await (const piece of guard.wrap(() => words(reply))(messages)) pieces.push(piece);
  return pieces.join('');
}

interface Cost {
  readonly requests: number;
  readonly texts: number;
}

/** What each turn of a chat costs, from the first. */
async function hold(server: TestServer, guard: Guard, isStreamed = false): Promise<Cost[]> {
  const messages: ChatMessage[] = [];
  const costs: Cost[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    const before = { requests: server.moderationRequests.length, texts: server.moderated.length };
    messages.push({ role: 'user', content: userSays(turn) });
    messages.push({ role: 'assistant', content: await ask(guard, messages, modelSays(turn), isStreamed) });
    costs.push({
      requests: server.moderationRequests.length - before.requests,
      texts: server.moderated.length - before.texts,
    });
  }
  expect(textsOf(messages)).toEqual([...textsOf(historyOf(TURNS)), modelSays(TURNS)]);
  return costs;
}

const SECRET = 'a secret that two share';
const STRANGE = 'a secret of somebody else';

describe.concurrent('A chat of 20 turns', () => {
  test.each(['before', 'during'] as const)(
    'has each text judged once, and turn 20 costs what turn 2 costs (input judged %s the model is asked)',
    async (timing) => {
      await using server = await startServer();
      const guard = createGuard({ moderators: [openai(server)], input: { timing } });
      const costs = await hold(server, guard);
      expect(server.moderated.toSorted()).toEqual([...textsOf(historyOf(TURNS)), modelSays(TURNS)].toSorted());
      expect(costs[1]).toEqual({ requests: 2, texts: 2 });
      expect(costs[19]).toEqual(costs[1]);
    },
  );

  test('has no streamed reply judged again as history', async () => {
    await using server = await startServer();
    const guard = createGuard({ moderators: [openai(server)] });
    await hold(server, guard, true);
    for (let turn = 1; turn <= TURNS; turn++) {
      expect(server.moderated.filter((text) => text === userSays(turn))).toHaveLength(1);
      const asked = server.moderated.filter((text) => text.includes(`(${turn * 2 + 1}) `));
      expect(new Set(asked).size, 'no window of a reply twice').toBe(asked.length);
    }
    const asked = server.moderated.length;
    expect((await guard.check([...historyOf(TURNS), { role: 'assistant', content: modelSays(TURNS) }])).action).toBe(
      'allow',
    );
    expect(server.moderated).toHaveLength(asked);
  });

  test('costs one request for its input where nothing of it is remembered', async () => {
    await using server = await startServer();
    const history = historyOf(TURNS);
    expect(history).toHaveLength(39);
    const guard = createGuard({ moderators: [openai(server)] });
    let generations = 0; // no mock: other tests of this file, which run beside, restore all there are
    const generate = async (): Promise<string> => {
      generations += 1;
      expect(server.moderationRequests).toHaveLength(1);
      return modelSays(TURNS);
    };
    expect(await guard.wrap(generate)(history)).toBe(modelSays(TURNS));
    expect(generations).toBe(1);
    expect(server.moderationRequests.map(({ body }) => [body.input].flat().length)).toEqual([39, 1]);
    expect(server.moderated.toSorted()).toEqual([...textsOf(history), modelSays(TURNS)].toSorted());
  });

  test.each<readonly [string, VerdictStore]>([
    ['knows nothing', createStore()],
    ['hangs', { get: () => new Promise(() => {}), set: () => undefined }],
  ])('costs one request for its input also where a shared store is asked first and %s', async (_, store) => {
    await using server = await startServer();
    const guard = createGuard({
      moderators: [openai(server)],
      moderation: { cache: { shared: { store, secret: SECRET } } },
    });
    expect((await guard.check(historyOf(TURNS))).action).toBe('allow');
    expect(server.moderated).toHaveLength(39);
    expect(server.moderationRequests).toHaveLength(1);
  });
});

describe.concurrent('Two identical chats at once', () => {
  test.each([0, 5])('cost one (the service takes %i ms)', async (moderation) => {
    await using server = await startServer({ timing: { moderation } });
    const guard = createGuard({ moderators: [openai(server)] });
    await Promise.all([hold(server, guard), hold(server, guard)]);
    expect(server.moderated.toSorted()).toEqual([...textsOf(historyOf(TURNS)), modelSays(TURNS)].toSorted());
    expect(server.moderationRequests).toHaveLength(2 * TURNS);
  });

  test('cost one also where neither was heard of before', async () => {
    await using server = await startServer({ timing: { moderation: 5 } });
    const guard = createGuard({ moderators: [openai(server)] });
    const replies = await Promise.all([1, 2].map(() => ask(guard, historyOf(TURNS), modelSays(TURNS))));
    expect(replies).toEqual([modelSays(TURNS), modelSays(TURNS)]);
    expect(server.moderated.toSorted()).toEqual([...textsOf(historyOf(TURNS)), modelSays(TURNS)].toSorted());
    expect(server.moderationRequests).toHaveLength(2);
  });
});

describe.concurrent('A long text', () => {
  const LENGTH = 9_000;
  /** No piece may be as long as that. */
  const PIECE = 2_000;
  const findPhrase = (text: string) => ({ flagged: /zorp\W*blarg/i.test(text) ? ['violence'] : [] });

  const endless = story(3, LENGTH * 2)
    .replaceAll(/\W|\d/g, '')
    .slice(0, LENGTH);
  /** Where a phrase stands, and whether a cut goes through it: not while a sentence ends near by. */
  const PLACES: readonly (readonly [string, string, string, boolean])[] = [
    ['in a sentence', story(1, LENGTH), 'zorp blarg', false],
    ['over two lines', story(1, LENGTH), 'zorp\nblarg', true],
    ['over two sentences', story(1, LENGTH), ' zorp. Blarg ', true],
    ['in a sentence that never ends', story(1, LENGTH).replaceAll('.', ' '), 'zorp blarg', true],
    ['in Chinese, where no space ends a word', story(2, LENGTH, 'chinese'), 'zorp blarg', false],
    [
      'in Chinese without punctuation',
      story(2, LENGTH * 2, 'chinese')
        .replaceAll('。', '')
        .slice(0, LENGTH),
      'zorp blarg',
      true,
    ],
    ['in a word that never ends', endless, 'zorpblarg', true],
  ];

  const put = (phrase: string, into: string, at: number): string =>
    into.slice(0, at) + phrase + into.slice(at + phrase.length);

  /** Where a text is cut, as its pieces show that the server was sent. */
  function cutsOf(text: string, pieces: readonly string[]): number[] {
    const ends = pieces.map((piece) => {
      expect(text.indexOf(piece)).toBe(text.lastIndexOf(piece));
      return text.indexOf(piece) + piece.length;
    });
    return ends.filter((end) => end < text.length);
  }

  /** Whether it starts before the span's end, and ends in it or directly before it. */
  const meets = (start: number, end: number, span: Span): boolean => start < span.end && end >= span.start;

  test.each(PLACES)(
    'is found to hold a phrase wherever that stands, across every cut as well: %s',
    async (...place) => {
      const [, text, phrase, isCut] = place;
      await using server = await startServer({ moderation: findPhrase });
      const guard = createGuard({ moderators: [openai(server)], moderation: { breaker: false } });
      expect(await guard.check(text)).toMatchObject({ action: 'allow', findings: [], unchecked: [] });
      expect(server.moderationRequests, 'all pieces go together').toHaveLength(1);
      const cuts = cutsOf(text, server.moderated);
      expect(cuts.length).toBeGreaterThanOrEqual(4);

      const around = cuts.flatMap((cut) => Array.from({ length: phrase.length + 4 }, (_, index) => cut + 2 - index));
      const spread = Array.from({ length: 40 }, (_, index) => Math.floor((index / 39) * (LENGTH - phrase.length)));
      let across = 0;
      for (const at of [...around, ...spread]) {
        const decision = await guard.check(put(phrase, text, at));
        expect(decision, `at ${at}`).toMatchObject({ action: 'block', unchecked: [] });
        expect(decision.findings, `at ${at}`).toHaveLength(1);
        const span = spanOf(decision.findings[0]);
        expect(meets(at, at + phrase.length, span), `at ${at}, found in ${span.start} to ${span.end}`).toBe(true);
        if (at < span.start) across += 1;
      }
      expect(across >= cuts.length, `${across} times across ${cuts.length} cuts`).toBe(isCut);
      expect(Math.max(...server.moderated.map(({ length }) => length))).toBeLessThan(PIECE);
    },
  );

  test('is judged in pieces as a reply too, and refused as a whole', async () => {
    await using server = await startServer({ moderation: findPhrase });
    const guard = createGuard({ moderators: [openai(server)] });
    const outputs = decisionsOf(guard);
    const at = 5_000;
    const reply = await ask(guard, historyOf(1), put('zorp blarg', story(1, LENGTH), at));
    expect(reply).not.toContain('blarg');
    expect(reply.length).toBeLessThan(200);
    const span = spanOf(outputs[0]?.findings[0]);
    expect(meets(at, at + 10, span)).toBe(true);
    expect(span.end - span.start).toBeLessThan(PIECE);
  });

  test.each([
    ['whole', false],
    ['streamed', true],
  ] as const)('that was released is not judged again as history (%s)', async (_, isStreamed) => {
    await using server = await startServer({ moderation: findPhrase });
    const guard = createGuard({ moderators: [openai(server)] });
    const reply = story(1, LENGTH);
    expect(await ask(guard, historyOf(1), reply, isStreamed)).toBe(reply);
    const asked = server.moderated.length;
    const next: ChatMessage[] = [
      ...historyOf(1),
      { role: 'assistant', content: reply },
      { role: 'user', content: 'Go on.' },
    ];
    await guard.check(next);
    expect(server.moderated.slice(asked)).toEqual(['Go on.']);
  });

  test('is judged up to `maxCharacters`; one more, and nothing is asked', async () => {
    await using server = await startServer({ moderation: findPhrase });
    const guard = createGuard({ moderators: [openai(server)], moderation: { maxCharacters: 3_000 } });
    expect(await guard.check(story(1, 3_000))).toMatchObject({ action: 'allow', unchecked: [] });
    const asked = server.moderated.length;
    const decision = await guard.check(story(1, 3_001));
    expect(decision).toMatchObject({ action: 'block', findings: [] });
    expect(decision.unchecked).toEqual([{ path: 'content', reason: 'too-large', moderator: 'openai-moderation' }]);
    expect(server.moderated).toHaveLength(asked);
  });

  test('is judged up to 1 MiB by default; one more, and nothing is asked', async () => {
    await using server = await startServer({ moderation: findPhrase });
    const guard = createGuard({ moderators: [openai(server)] });
    const decision = await guard.check('a'.repeat(1024 * 1024 + 1));
    expect(decision).toMatchObject({ action: 'block', findings: [] });
    expect(decision.unchecked).toEqual([{ path: 'content', reason: 'too-large', moderator: 'openai-moderation' }]);
    expect(server.requests).toEqual([]);
  });

  test.each(['block', 'allow'] as const)(
    'above `maxCharacters` is refused or delivered as `whenUnchecked` says, and always listed: %s',
    async (rule) => {
      await using server = await startServer({ moderation: findPhrase });
      for (const whenUnchecked of [rule, { tooLarge: rule }] as const) {
        const guard = createGuard({ moderators: [openai(server)], moderation: { maxCharacters: 300 }, whenUnchecked });
        const settled: Events['settled'][] = [];
        guard.on('settled', (event) => settled.push(event));
        const generate = vi.fn<() => Promise<string>>(async () => story(2, 301));

        const reply = await guard.wrap(generate)([{ role: 'user', content: story(1, 301) }]);
        expect(reply === story(2, 301)).toBe(rule === 'allow');
        expect(generate).toHaveBeenCalledTimes(rule === 'allow' ? 1 : 0);
        expect(settled[0]?.input).toMatchObject({ action: rule, unchecked: [{ reason: 'too-large' }] });
        if (rule === 'allow')
          expect(settled[0]?.output).toMatchObject({ action: rule, unchecked: [{ reason: 'too-large' }] });

        generate.mockClear();
        const second = await guard.wrap(generate)([{ role: 'user', content: 'A short one.' }]);
        expect(second === story(2, 301)).toBe(rule === 'allow');
        expect(generate).toHaveBeenCalledTimes(1);
        expect(settled[1]?.input).toMatchObject({ action: 'allow', unchecked: [] });
        expect(settled[1]?.output).toMatchObject({ action: rule, unchecked: [{ reason: 'too-large' }] });
      }
    },
  );

  describe.each([
    ['each piece asked alone', { retries: 0, batch: false }],
    ['all pieces asked together', {}],
  ] as const)('of which one piece is flagged and another failed (%s)', (_, moderation) => {
    const setUp = (): Promise<TestServer> =>
      startServer({
        moderation(text) {
          if (text.includes('glitch')) throw new Error('Not this one.');
          return findPhrase(text);
        },
      });
    const text = story(1, LENGTH);
    const broken = put('glitch', text, 1_000);

    test.each(['block', 'allow'] as const)(
      'blocks and lists the failure: `whenUnchecked` %s',
      async (whenUnchecked) => {
        await using server = await setUp();
        const guard = createGuard({ moderators: [openai(server)], moderation, whenUnchecked });
        const at = 6_000;
        const decision = await guard.check(put('zorp blarg', broken, at));
        expect(decision.action).toBe('block');
        expect(decision.unchecked).toEqual([{ path: 'content', reason: 'failed', moderator: 'openai-moderation' }]);
        expect(decision.findings).toMatchObject([{ category: 'violence', action: 'block', path: 'content' }]);
        expect(meets(at, at + 10, spanOf(decision.findings[0]))).toBe(true);
      },
    );

    test.each(['block', 'allow'] as const)('is listed without the flag too: `whenUnchecked` %s', async (rule) => {
      await using server = await setUp();
      const guard = createGuard({ moderators: [openai(server)], moderation, whenUnchecked: rule });
      const decision = await guard.check(broken);
      expect(decision).toMatchObject({ action: rule, findings: [] });
      expect(decision.unchecked).toEqual([{ path: 'content', reason: 'failed', moderator: 'openai-moderation' }]);
    });
  });
});

describe.concurrent('A shared store', () => {
  /** Milliseconds that a store may delay a decision for. */
  const PATIENCE = 100;
  /** What timers, signatures and a busy machine add. */
  const MARGIN = 200;

  const guardWith = (server: TestServer, store: VerdictStore, secret = SECRET): Guard =>
    createGuard({ moderators: [openai(server)], moderation: { cache: { shared: { store, secret } } } });
  /** Not waited for by anybody, so a test has to. */
  const untilKept = (store: MapStore, verdicts: number): Promise<void> =>
    vi.waitFor(() => expect(store.kept.size).toBe(verdicts), { interval: 5 });

  const fail = (): never => {
    throw new Error('The store is away.');
  };
  const reject = (): Promise<never> => Promise.reject(new Error('The store is away.'));
  const hang = (): Promise<never> => new Promise(() => {});
  /** As somebody writes it who cannot use TypeScript, or who means harm. */
  const answering = (answer: unknown): VerdictStore => ({ get: () => answer as string, set: () => answer });
  const clearVerdict = JSON.stringify({
    status: 'clear',
    moderator: 'openai-moderation',
    flagged: [],
    scores: {},
    since: Date.now(),
  });
  const FAULTS: readonly (readonly [string, VerdictStore])[] = [
    ['throws', { get: fail, set: fail }],
    ['rejects', { get: reject, set: reject }],
    ['rejects late', { get: () => pause(50).then(reject), set: () => pause(50).then(reject) }],
    ['hangs', { get: hang, set: hang }],
    ['answers late', { get: () => pause(1_000, null), set: hang }],
    ['has no methods that work', { get: () => undefined, set: () => undefined }],
    ['gives an empty text', answering('')],
    ['gives a text', answering('zorp')],
    ['gives a number', answering(7)],
    ['gives true', answering(true)],
    ['gives an object', answering({ status: 'clear', flagged: [], scores: {} })],
    ['gives bytes', answering(new Uint8Array(100))],
    ['gives an unsigned verdict', answering(clearVerdict)],
    ['gives a verdict signed with zeros', answering('0'.repeat(64) + clearVerdict)],
    ['gives a verdict signed with what is no hex', answering('zz'.repeat(32) + clearVerdict)],
    ['gives a signature that is no JSON', answering(`${'0'.repeat(64)}{`)],
    ['gives a megabyte', answering('0'.repeat(1_000_000))],
  ];

  test.each(FAULTS)('that %s changes no decision, and delays none for long', async (_, store) => {
    await using server = await startServer({ moderation: findZorp });
    const guard = guardWith(server, store);
    await createGuard({ moderators: [openai(server)] }).check('warm'); // connects
    const history: ChatMessage[] = [...historyOf(5), { role: 'user', content: 'A zorp at dawn.' }];
    const begun = performance.now();
    expect(await guard.check('A walk at dawn.')).toMatchObject({ action: 'allow', unchecked: [], findings: [] });
    const first = performance.now();
    expect(await guard.check(history)).toMatchObject({ action: 'block', unchecked: [], findings: [{ score: 0.9 }] });
    const second = performance.now();
    expect(first - begun).toBeLessThan(PATIENCE + MARGIN);
    expect(second - first, 'once for all messages').toBeLessThan(PATIENCE + MARGIN);
    expect(server.moderated.slice(1).toSorted()).toEqual(['A walk at dawn.', ...textsOf(history)].toSorted());
  });

  test('that gives under one key what was set under another changes no decision', async () => {
    await using server = await startServer({ moderation: findZorp });
    const store = createStore();
    await guardWith(server, store).check('A walk at dawn.');
    await untilKept(store, 1);
    const [value] = store.kept.values();
    const guard = guardWith(server, { get: () => value, set: () => undefined });
    expect((await guard.check('A zorp at dawn.')).action).toBe('block');
  });

  test('that holds what was signed with another secret changes no decision', async () => {
    await using server = await startServer();
    const store = createStore();
    await guardWith(server, store, STRANGE).check('A zorp at dawn.');
    await untilKept(store, 1);
    server.setModeration(findZorp);
    const [value] = store.kept.values();
    for (const each of [store, { get: () => value, set: () => undefined }])
      expect((await guardWith(server, each).check('A zorp at dawn.')).action).toBe('block');
    expect(server.moderated).toHaveLength(3);
  });

  test('that changes a signed verdict changes no decision', async () => {
    await using server = await startServer({ moderation: findZorp });
    const store = createStore();
    await guardWith(server, store).check('A zorp at dawn.');
    await untilKept(store, 1);
    const [[key, value] = ['', '']] = store.kept;
    const changed = [
      value.replace('"flagged"', '"clear"').replace('["violence"]', '[]'),
      value.replace('0.9', '0.0'),
      value.slice(0, -1),
      `${value} `,
      value.toUpperCase(),
      ` ${value}`,
    ];
    for (const each of changed) {
      expect(each).not.toBe(value);
      store.kept.set(key, each);
      server.reset();
      expect((await guardWith(server, { ...store, set: () => undefined }).check('A zorp at dawn.')).action).toBe(
        'block',
      );
      expect(server.moderated, each).toEqual(['A zorp at dawn.']);
    }
  });

  test('has a guard ask the service nothing that another guard with its secret has asked', async () => {
    await using server = await startServer({ moderation: findZorp });
    const store = createStore();
    const first = guardWith(server, store);
    const long = `${story(77, 5_000)} zorp`;
    await hold(server, first);
    const flagged = await first.check(long);
    expect(flagged.action).toBe('block');
    const asked = server.moderated.length;
    await untilKept(store, asked);

    const second = guardWith(server, store);
    await hold(server, second);
    const again = await second.check(long);
    expect(again).toMatchObject({ action: 'block', unchecked: [], findings: flagged.findings });
    expect(server.moderated).toHaveLength(asked);

    const stranger = guardWith(server, store, STRANGE);
    await stranger.check(long);
    expect(server.moderated.length, 'and one with another secret all').toBeGreaterThan(asked);
  });

  test('holds nothing of any text that was judged', async () => {
    await using server = await startServer({ moderation: findZorp });
    const store = createStore();
    const guard = guardWith(server, store);
    await hold(server, guard);
    await guard.check(`${story(77, 5_000)} zorp`);
    await untilKept(store, server.moderated.length);
    const held = [...store.kept].flat().join('\n').toLowerCase();
    for (const text of new Set(server.moderated))
      for (const word of text.toLowerCase().match(/[a-z]{4,}/g) ?? []) {
        if (held.includes(word)) expect.fail(`It holds ${word}.`);
        if (held.includes(Buffer.from(word).toString('hex'))) expect.fail(`It holds ${word} in hex.`);
      }
    for (const text of server.moderated) {
      // Of a whole number of three bytes, so that its form in base64 is the same whatever comes after it.
      const start = Buffer.from(text.slice(0, 12)).toString('base64').toLowerCase();
      if (held.includes(start)) expect.fail('It holds a text in base64.');
    }
    expect(held).not.toContain(SECRET);
  });
});

interface MapStore extends VerdictStore {
  readonly kept: Map<string, string>;
}

/** A store as a client of Redis is one: it answers a little later. */
function createStore(): MapStore {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (key) => {
      await pause(1);
      return kept.get(key) ?? null;
    },
    set: async (key, value) => {
      await pause(1);
      kept.set(key, value);
    },
  };
}

/** Every decision on output that a guard comes to. */
function decisionsOf(guard: Guard): readonly Decision[] {
  const outputs: Decision[] = [];
  guard.on('settled', ({ output }) => {
    if (output) outputs.push(output);
  });
  return outputs;
}

function spanOf(finding: Finding | undefined): Span {
  if (!finding?.span) throw new Error('There is no finding with a span.');
  return finding.span;
}
