import { getOrAdd } from './look-up.ts';

/** Who waits for the abort of a call. One listener on the signal serves them all: adding one for each is what costs. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs something when a call is aborted; returns what forgets it. For signals of our own, which end with the call. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) run();
  const waiters = getOrAdd(waiting, signal, () => {
    const added = new Set<() => void>();
    signal.addEventListener('abort', () => added.forEach((waiter) => waiter()), { once: true });
    return added;
  });
  waiters.add(run);
  return () => waiters.delete(run);
}

/** Settles as the promise does, or rejects with the signal's reason as soon as it is aborted. */
export function untilAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason); // whatever the caller aborted with, as the platform does
    const forget = onAbort(signal, leave);
    void Promise.resolve(promise).then(resolve, reject).then(forget);
  });
}

/** A controller that is aborted with its parent. `unlink` forgets the parent, so that a long-lived one holds nothing. */
export function childController(parent: AbortSignal | undefined): {
  readonly controller: AbortController;
  unlink(): void;
} {
  const controller = new AbortController();
  const abort = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) abort();
  else parent?.addEventListener('abort', abort, { once: true });
  return { controller, unlink: () => parent?.removeEventListener('abort', abort) };
}
