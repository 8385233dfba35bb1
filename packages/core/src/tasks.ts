/** Work that runs beside calls. */
export interface Tasks {
  /** Keeps count of work; what it rejects with is nobody's. */
  run(work: Promise<unknown>): void;
  /** Resolves when nothing runs any longer, what was begun in the meantime included. */
  idle(): Promise<void>;
}

export function createTasks(): Tasks {
  const running = new Set<Promise<unknown>>();
  return {
    run(work) {
      const task = work.catch(() => {}).finally(() => running.delete(task));
      running.add(task);
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
