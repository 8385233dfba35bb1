import { untilAborted } from './abort.ts';
import { letGo } from './iterate.ts';

/**
 * Runs work on each item, a bounded number at a time, and gives the results in the order of the items. Items of an
 * array start together, so that they can share a request; those that arrive over time start as they come, and never
 * hold back a result that is there. What a source fails with is thrown when everything before it has been given. Ends
 * with the signal's reason when it is aborted.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
  signal: AbortSignal,
  onEnd: () => void,
): AsyncGenerator<R, void, undefined> {
  let iterator: Iterator<T> | AsyncIterator<T> | undefined;
  const ahead: Promise<R>[] = [];
  let arrival: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  const source = { isDone: false, isFilling: true };
  const take = (next: IteratorResult<T>): void => {
    arrival = undefined;
    source.isDone = next.done === true;
    if (next.done) return;
    const result = work(next.value);
    result.catch(() => {}); // it is met when it is its turn
    ahead.push(result);
  };
  const fail = (error: unknown): void => {
    failure = { error };
    take({ done: true, value: undefined });
  };
  try {
    while (!source.isDone || ahead.length > 0) {
      // Refilled by halves rather than one by one: what starts together goes out together.
      source.isFilling ||= ahead.length <= concurrency / 2;
      while (source.isFilling && !source.isDone && !arrival && ahead.length < concurrency) {
        try {
          iterator ??= Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
          const next = iterator.next();
          if ('then' in next) arrival = next.then(take, fail);
          else take(next);
        } catch (error) {
          fail(error);
        }
      }
      source.isFilling &&= ahead.length < concurrency;
      const [first] = ahead;
      if (!first && !arrival) continue;
      let isJudged = false;
      const judged = first?.then(
        () => (isJudged = true),
        () => (isJudged = true),
      );
      await untilAborted(Promise.race([judged, arrival].filter((each) => each !== undefined)), signal);
      if (!first || !isJudged) continue;
      void ahead.shift();
      yield await first;
    }
    if (failure) throw failure.error;
  } finally {
    onEnd();
    if (!source.isDone) letGo(() => iterator);
  }
}
