import { untilAborted } from './abort.ts';

/**
 * Runs work on each item, a bounded number at a time, and gives the results in the order of the items. Items of an
 * array start together, so that they can share a request; those that arrive over time start as they come, and never
 * hold back a result that is there. Ends with the signal's reason when it is aborted.
 */
export function inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<R, void, undefined> {
  const ahead: Promise<R>[] = [];
  const start = (item: T): void => {
    const result = work(item);
    result.catch(() => {}); // it is met when it is its turn
    ahead.push(result);
  };
  return Symbol.asyncIterator in items
    ? arriving(items, concurrency, start, ahead, signal)
    : present(items, concurrency, start, ahead);
}

async function* present<T, R>(
  items: Iterable<T>,
  concurrency: number,
  start: (item: T) => void,
  ahead: Promise<R>[],
): AsyncGenerator<R, void, undefined> {
  const iterator = items[Symbol.iterator]();
  let isDone = false;
  try {
    while (!isDone || ahead.length > 0) {
      // Refilled by halves rather than one by one: what starts together goes out together.
      for (let free = ahead.length <= concurrency / 2 ? concurrency - ahead.length : 0; free > 0 && !isDone; free--) {
        const next = iterator.next();
        if (next.done) isDone = true;
        else start(next.value);
      }
      const first = ahead.shift();
      if (first) yield await first;
    }
  } finally {
    if (!isDone) iterator.return?.();
  }
}

async function* arriving<T, R>(
  items: AsyncIterable<T>,
  concurrency: number,
  start: (item: T) => void,
  ahead: Promise<R>[],
  signal: AbortSignal,
): AsyncGenerator<R, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let arrival: Promise<IteratorResult<T> | undefined> | undefined;
  let isDone = false;
  let failure: { readonly error: unknown } | undefined;
  try {
    while (!isDone || ahead.length > 0) {
      if (!isDone && ahead.length < concurrency)
        arrival ??= iterator.next().catch((error: unknown): IteratorResult<T> => {
          failure = { error }; // thrown when everything that came before it has been given
          return { done: true, value: undefined };
        });
      const judged = ahead[0]?.then(
        () => undefined,
        () => undefined,
      );
      const next = await untilAborted(Promise.race([judged, arrival].filter((each) => each !== undefined)), signal);
      if (next === undefined) {
        const first = ahead.shift();
        if (first) yield await first;
        continue;
      }
      arrival = undefined;
      if (next.done) isDone = true;
      else start(next.value);
    }
    if (failure) throw failure.error;
  } finally {
    // Not waited for: a source that hangs in `next` would hang in `return` as well.
    if (!isDone) iterator.return?.().catch(() => {});
  }
}
