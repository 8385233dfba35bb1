import { expect, test } from 'vitest';
import { retry } from '../src/index.ts';
import { watch, within } from './support/guards.ts';
import { hang, scripted, sleep } from './support/moderators.ts';
import { chat, protocol, type Chunk } from './support/protocol.ts';

/** A stream that knows whether somebody let go of it. */
function closable<T>(source: { isClosed: boolean }): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => hang(),
      return() {
        source.isClosed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 12])(
  'An abort %i microtasks after the result of a generation ends the call, and lets go of the stream',
  async (hops) => {
    const guard = watch({ moderators: [scripted()] });
    const controller = new AbortController();
    const source = { isClosed: false };
    const generate = (): Promise<AsyncIterable<Chunk>> => {
      const abortLater = async (): Promise<void> => {
        for (let hop = 0; hop < hops; hop++) await Promise.resolve();
        controller.abort();
      };
      void abortLater();
      return Promise.resolve(closable<Chunk>(source));
    };
    await guard.stream(protocol, chat('hello'), generate, { signal: controller.signal }).catch(() => {});
    await sleep(5);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
    expect(source.isClosed).toBe(true);
  },
);

test('A stream that comes after the abort, from a generation that does not heed it, is let go of', async () => {
  const guard = watch({ moderators: [scripted()] });
  const controller = new AbortController();
  const source = { isClosed: false };
  const generate = async (): Promise<AsyncIterable<Chunk>> => {
    await sleep(20);
    return closable<Chunk>(source);
  };
  const call = guard.stream(protocol, chat('hello'), generate, { signal: controller.signal }).catch(() => {});
  await sleep(5);
  controller.abort();
  await call;
  await sleep(40);
  expect(source.isClosed).toBe(true);
});

test('A wrapped stream that nobody begins to read is let go of when it is left, or blocked beside it', async () => {
  const left = { isClosed: false };
  const guard = watch({ moderators: [scripted()] });
  const stream = guard.wrap(() => closable<string>(left))([{ role: 'user', content: 'hello' }]);
  await sleep(5);
  await within(200, Promise.resolve(stream[Symbol.asyncIterator]().return?.()));
  await sleep(1);
  expect(left.isClosed).toBe(true);

  const blocked = { isClosed: false };
  const during = watch({ moderators: [scripted()], input: { timing: 'during' } });
  for await (const text of during.wrap(() => closable<string>(blocked))([{ role: 'user', content: 'zorp' }]))
    expect(text).not.toContain('zorp');
  await sleep(1);
  expect(blocked.isClosed).toBe(true);
});

test('A fallback that nothing waits for, and that never answers, holds up nothing', async () => {
  const guard = watch({
    moderators: [scripted()],
    fallback: { waits: false, retries: 0, answer: () => hang() },
  });
  expect(await guard.wrap(() => 'fine')([{ role: 'user', content: 'zorp' }])).toBe('fine');
  await within(200, guard.idle());
  expect(guard.told.settled).toMatchObject([{ delivery: 'delivered', input: { action: 'block' } }]);
});

test('A function that takes a list of its own may change it: the next generation gets another', async () => {
  const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
  const lengths: number[] = [];
  const answer = guard.wrap(async (messages: { role: string; content: string }[]) => {
    lengths.push(messages.length);
    messages.push({ role: 'user', content: 'more' });
    return lengths.length === 1 ? 'zorp' : 'fine';
  });
  expect(await answer([{ role: 'user', content: 'hello' }])).toBe('fine');
  expect(lengths).toEqual([1, 2]);
});
