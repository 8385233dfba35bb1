import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flag } from '../src/index.ts';
import { shareVerdicts, type SharedVerdicts, type VerdictStore } from '../src/moderation/store.ts';
import { isJudged, readVerdict, type Judged } from '../src/moderation/verdict.ts';

const KEY = '["mild","","","input","user","text",0]zorp glomp frabjous';
const OTHER_KEY = '["mild","","","input","user","text",0]nothing to see';
const SECRET = 'borogove-mimsy-7719';
const TTL = 60_000;
const PATIENCE = 200;

const unhandled = vi.fn();

beforeEach(() => {
  process.on('unhandledRejection', unhandled);
});

afterEach(async () => {
  vi.useRealTimers();
  await settle();
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test('A verdict comes back as it was, under the name of its moderator, to whoever has the secret', async () => {
  const store = inMemory();
  const verdict = judged('stern', {
    ...flag<'zorp' | 'glomp'>(['zorp'], { zorp: 0.75, glomp: 0 }),
    model: 'bandersnatch-2',
    responseId: 'r-1',
    appliedTo: { zorp: ['text'] },
  });
  share(store).set(KEY, verdict);
  await store.written(1);
  const shared = share(store); // another process
  expect(await shared.get(KEY)).toEqual(verdict);
  expect(await shared.get(KEY)).toEqual(verdict);
});

test("A verdict with a message is not shared: it is somebody's words, and may quote what was judged", async () => {
  const store = inMemory();
  share(store).set(KEY, judged('stern', { ...flag(['zorp']), message: 'You said zorp.' }));
  share(store).set(`${KEY} 2`, judged('stern', flag(['zorp'])));
  await store.written(1);
  expect(await share(store).get(KEY)).toBeUndefined();
  expect(await share(store).get(`${KEY} 2`)).toBeDefined();
});

test('Every verdict comes back as it was, under every key', async () => {
  const text = fc.string({ unit: 'binary' });
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  const report = fc.record({
    status: fc.constantFrom('clear', 'flagged'),
    flagged: fc.array(text),
    scores: fc.dictionary(text, score),
  });
  await fc.assert(
    fc.asyncProperty(text, text, report, async (key, moderator, report) => {
      const store = inMemory();
      const verdict = judged(moderator, report);
      share(store).set(key, verdict);
      await store.written(1);
      expect(await share(store).get(key)).toEqual(verdict);
    }),
  );
});

test('A store whose functions are synchronous, and need their `this`, will do', async () => {
  class Plain implements VerdictStore {
    readonly #values = new Map<string, string>();
    get(key: string): string | undefined {
      return this.#values.get(key);
    }
    set(key: string, value: string): void {
      this.#values.set(key, value);
    }
  }
  const shared = share(new Plain());
  shared.set(KEY, VERDICT);
  await vi.waitFor(async () => expect(await shared.get(KEY)).toEqual(VERDICT));
});

test('The store is told how long a verdict is good for, in milliseconds', async () => {
  const store = inMemory();
  share(store).set(KEY, VERDICT);
  await store.written(1);
  expect(store.set).toHaveBeenCalledWith(expect.any(String), expect.any(String), { ttl: TTL });
});

describe('What leaves the process', () => {
  test('is nothing of the key and nothing of the secret', async () => {
    const store = inMemory();
    const shared = share(store);
    shared.set(KEY, VERDICT);
    await store.written(1);
    await shared.get(KEY);
    const left = JSON.stringify([...store.get.mock.calls, ...store.set.mock.calls]);
    for (const word of [...KEY.matchAll(/[a-z]{5,}/g), ...SECRET.matchAll(/\w{4,}/g)])
      expect(left).not.toContain(word[0]);
    expect(left).not.toContain(btoa(KEY).slice(0, 8));
    expect(left).not.toContain(Buffer.from(KEY).toString('hex').slice(0, 16));
  });

  test('is a name of one length, whatever the length of the text', async () => {
    for (const key of ['', KEY, 'zorp'.repeat(10_000)]) expect(await nameOf(key)).toMatch(/^chaperone:[\da-f]{64}$/);
  });

  test('is a name that cannot be worked out without the secret', async () => {
    expect(await nameOf(KEY)).toBe(await nameOf(KEY));
    expect(await nameOf(KEY)).not.toBe(await nameOf(KEY, 'another secret'));
  });

  test('is another name for another key, also where only lone surrogates tell them apart', async () => {
    const keys = ['zorp\uD800', 'zorp\uD801', 'zorp\uDC00', 'zorp\uFFFD', 'zorp\\ud800', 'zorp\u{10000}', 'zorp'];
    expect(new Set(await Promise.all(keys.map((key) => nameOf(key)))).size).toBe(keys.length);
    const key = fc.array(fc.constantFrom('z', '\\', 'ud800', '\uD800', '\uDBFF', '\uDC00', '\uFFFD'));
    await fc.assert(
      fc.asyncProperty(key, key, async (some, others) => {
        const [one, other] = [some.join(''), others.join('')];
        expect((await nameOf(one)) === (await nameOf(other))).toBe(one === other);
      }),
    );
  });

  test('is nothing at all where the secret is empty', async () => {
    const store = inMemory();
    const shared = share(store, { secret: '' });
    shared.set(KEY, VERDICT);
    expect(await shared.get(KEY)).toBeUndefined();
    expect(store.set).not.toHaveBeenCalled();
  });
});

describe('There is no verdict where the store', () => {
  test.each<[string, () => unknown]>([
    ['has none', () => undefined],
    ['says null', () => null],
    ['promises null', async () => null],
    ['throws', () => raise('store down')],
    ['rejects', async () => raise('store down')],
    ['rejects with nothing', () => Promise.reject()],
    ['answers with a number', () => 7],
    ['answers with an object', () => ({ ...VERDICT })],
    ['answers with a list', async () => [VERDICT]],
    ['answers with bytes', async () => new TextEncoder().encode('zorp')],
    ['answers with a function', async () => () => 'zorp'],
    ['answers with an empty text', async () => ''],
    ['answers with a verdict that nobody signed', async () => JSON.stringify(VERDICT)],
    ['answers with zeros for a signature', async () => `${'0'.repeat(64)}${JSON.stringify(VERDICT)}`],
    ['answers with a thenable that throws', () => new Proxy({}, { get: () => () => raise('not now') })],
    ['answers with a thenable that cannot be touched', () => new Proxy({}, { get: () => raise('hands off') })],
  ])('%s', async (_, get) => {
    expect(await answering(get).get(KEY)).toBeUndefined();
  });

  test('answers with a value that is cut off, anywhere', async () => {
    const value = await valueOf(KEY);
    for (let length = 0; length < value.length; length++) {
      expect(await answering(() => value.slice(0, length)).get(KEY)).toBeUndefined();
      expect(await answering(() => value.slice(length + 1)).get(KEY)).toBeUndefined();
    }
  });

  test('answers with a value that has one character altered, any to any', async () => {
    const value = await valueOf(KEY, judged('mild', { ...flag(['zorp']), model: 'zorp\uFFFD' }));
    const alter = (index: number, character: string): string =>
      `${value.slice(0, index)}${character}${value.slice(index + 1)}`;
    for (const [index, character] of value.split('').entries())
      for (const other of [character.toUpperCase(), character.toLowerCase(), ' ', '\uFFFD', '\uD800', ''])
        if (other !== character) expect(await answering(() => alter(index, other)).get(KEY)).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: value.length - 1 }),
        fc.oneof(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          fc.constantFrom(...'0123456789abcdef'.split('')),
        ),
        async (index, character) => {
          fc.pre(value[index] !== character);
          expect(await answering(() => alter(index, character)).get(KEY)).toBeUndefined();
        },
      ),
    );
    expect(await answering(() => value).get(KEY)).toBeDefined();
  });

  test('answers with a value that has something added', async () => {
    const value = await valueOf(KEY);
    for (const added of [' ', '\n', '\0', '\uFEFF', '0'])
      for (const padded of [value + added, added + value])
        expect(await answering(() => padded).get(KEY)).toBeUndefined();
  });

  test('answers with the value of another key', async () => {
    const value = await valueOf(OTHER_KEY);
    expect(await answering(() => value).get(OTHER_KEY)).toEqual(VERDICT);
    expect(await answering(() => value).get(KEY)).toBeUndefined();
  });

  test('answers with what somebody signed with another secret', async () => {
    const value = await valueOf(KEY, VERDICT, 'another secret');
    expect(await answering(() => value).get(KEY)).toBeUndefined();
  });

  test('answers with what it was made to sign as the name of a key', async () => {
    const [name, json] = [await nameOf(KEY), JSON.stringify({ ...VERDICT, expires: Date.now() + TTL })];
    for (const key of [json, `${name}${json}`, `value${name}${json}`, JSON.stringify(['value', name, json])]) {
      const signature = (await nameOf(key)).replace('chaperone:', '');
      expect(await answering(() => `${signature}${json}`).get(KEY)).toBeUndefined();
    }
  });

  test('answers with what is too old, though it was told to forget it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = inMemory();
    const shared = share(store);
    shared.set(KEY, VERDICT);
    await store.written(1);
    vi.setSystemTime(Date.now() + TTL - 1);
    expect(await shared.get(KEY)).toEqual(VERDICT);
    vi.setSystemTime(Date.now() + 1);
    expect(await shared.get(KEY)).toBeUndefined();
  });

  test('holds what is signed and no verdict of somebody who looked', async () => {
    for (const odd of [
      { ...VERDICT, moderator: 7 },
      { ...VERDICT, flagged: 'zorp' },
      { status: 'failed', moderator: 'mild', reason: 'timeout' },
    ]) {
      // Only the types keep such a one out of `set`.
      const value = await valueOf(KEY, odd as unknown as Judged);
      expect(await answering(() => value).get(KEY)).toBeUndefined();
    }
  });
});

describe('A look-up', () => {
  test('is over when the patience is, and what comes later is ignored', async () => {
    const value = await valueOf(KEY);
    for (const late of [
      (answer: PromiseWithResolvers<string>): void => answer.resolve(value),
      (answer: PromiseWithResolvers<string>): void => answer.reject(new Error('store down')),
    ]) {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const answer = Promise.withResolvers<string>();
      const get = vi.fn(() => answer.promise);
      const seen = vi.fn();
      const lookUp = answering(get).get(KEY).then(seen);
      await asked(get);
      vi.advanceTimersByTime(PATIENCE - 1);
      await settle();
      expect(seen).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      await lookUp;
      late(answer);
      await settle();
      expect(seen.mock.calls).toEqual([[undefined]]);
      vi.useRealTimers();
    }
  });

  test('that is answered in time gives the verdict', async () => {
    const value = await valueOf(KEY);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = Promise.withResolvers<string>();
    const get = vi.fn(() => answer.promise);
    const lookUp = answering(get).get(KEY);
    await asked(get);
    vi.advanceTimersByTime(PATIENCE - 1);
    answer.resolve(value);
    expect(await lookUp).toEqual(VERDICT);
  });

  test('leaves no timer behind, whatever comes of it', async () => {
    const value = await valueOf(KEY);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const get of [
      () => value,
      async () => value,
      () => undefined,
      () => raise('down'),
      async () => raise('down'),
    ]) {
      await answering(get).get(KEY);
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});

describe('Setting a verdict', () => {
  test.each<[string, () => unknown]>([
    ['throws', () => raise('store down')],
    ['rejects', async () => raise('store down')],
    ['hangs', () => new Promise(() => {})],
    ['answers with a thenable that throws', () => new Proxy({}, { get: () => () => raise('not now') })],
    ['answers with a thenable that cannot be touched', () => new Proxy({}, { get: () => raise('hands off') })],
  ])('is nobody’s trouble where the store %s', async (_, set) => {
    const store = { get: () => undefined, set: vi.fn(set) };
    expect(share(store).set(KEY, VERDICT)).toBeUndefined();
    await asked(store.set); // and nothing is unhandled: every test of this file looks
  });

  test('leaves out one that cannot be written down', async () => {
    const store = inMemory();
    const model = { toJSON: () => raise('no') };
    // Only the types keep such a one out of `set`.
    expect(share(store).set(KEY, { ...VERDICT, model } as unknown as Judged)).toBeUndefined();
    share(store).set(OTHER_KEY, VERDICT);
    await store.written(1);
    await settle();
    expect(store.set).toHaveBeenCalledTimes(1);
  });
});

test('The secret is imported once, and only when it is needed', async () => {
  const importKey = vi.spyOn(crypto.subtle, 'importKey');
  const shared = share(inMemory());
  expect(importKey).not.toHaveBeenCalled();
  shared.set(KEY, VERDICT);
  await Promise.all([shared.get(KEY), shared.get(OTHER_KEY)]);
  expect(importKey).toHaveBeenCalledTimes(1);
  importKey.mockRestore();
});

const VERDICT = judged('mild', flag(['snark'], { snark: 0.5 }));

/** What the guard would remember of a moderator's answer. */
function judged(moderator: string, report: unknown): Judged {
  const verdict = readVerdict(moderator, report);
  if (!isJudged(verdict)) throw new Error('not a verdict of somebody who looked');
  return verdict;
}

function share(store: VerdictStore, more: { readonly secret?: string } = {}): SharedVerdicts {
  return shareVerdicts(store, { secret: SECRET, ttl: TTL, patience: PATIENCE, ...more });
}

/** Shared through a store that answers every look-up so. */
function answering(get: () => unknown): SharedVerdicts {
  // What a store answers with is what its type says only as long as all is well.
  return share({ get, set: () => {} } as VerdictStore);
}

/** A store that keeps everything for ever. */
function inMemory() {
  const values = new Map<string, string>();
  return {
    get: vi.fn(async (key: string) => values.get(key)),
    set: vi.fn(async (key: string, value: string) => {
      values.set(key, value);
    }),
    values,
    async written(count: number) {
      while (values.size < count) await settle();
    },
  };
}

async function nameOf(key: string, secret: string = SECRET): Promise<string> {
  const store = inMemory();
  await share(store, { secret }).get(key);
  return store.get.mock.lastCall?.[0] ?? '';
}

async function valueOf(key: string, verdict: Judged = VERDICT, secret: string = SECRET): Promise<string> {
  const store = inMemory();
  share(store, { secret }).set(key, verdict);
  await store.written(1);
  return [...store.values.values()].join('');
}

async function asked(mock: { readonly mock: { readonly calls: readonly unknown[] } }): Promise<void> {
  while (mock.mock.calls.length === 0) await settle();
  await settle();
}

/** Long enough for all that waits for nothing. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function raise(message: string): never {
  throw new Error(message);
}
