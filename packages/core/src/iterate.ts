/** What is read by hand and once: unlike a generator it can be left while somebody waits for the next of it. */
export function readOnce<T>(next: () => Promise<IteratorResult<T, void>>, leave: () => unknown): AsyncIterable<T> {
  const iterator: AsyncIterator<T, void, undefined> = {
    next,
    async return() {
      await leave();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Lets go of a source. Not waited for: one that hangs in `next` would hang in `return` as well. */
export function letGo(open: () => Iterator<unknown> | AsyncIterator<unknown> | undefined): void {
  (async () => open()?.return?.())().catch(() => {});
}

/** Values that are there already, as a stream. */
export async function* replay<T>(values: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* values;
}
