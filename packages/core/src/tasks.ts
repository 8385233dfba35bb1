import { attempt } from './attempt.ts';

/** Work that runs beside calls. */
export interface Tasks {
  /** Keeps count of work; what it rejects with is nobody's. */
  run(work: Promise<unknown>): void;
  /** Resolves when nothing runs any longer, what was begun in the meantime included. */
  idle(): Promise<void>;
}

/** @param waitUntil keeps the process alive until the work is done, where nobody else does */
export function createTasks(waitUntil?: (work: Promise<unknown>) => void): Tasks {
  const running = new Set<Promise<unknown>>();
  return {
    run(work) {
      const task = work.catch(() => {}).finally(() => running.delete(task));
      running.add(task);
      if (waitUntil) attempt(() => waitUntil(task)); // it may be over, where a request has ended
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
