/** Somebody who waits, and until when, by `performance.now()`. */
export interface Waiting {
  readonly until: number;
}

/** Ends the waiting of whoever is late. Everybody waits equally long, so they are late in the order in which they came. */
export interface Deadlines<W extends Waiting> {
  add(waiter: W): void;
  remove(waiter: W): void;
}

/** One timer for all who wait: that of the first. There is none while nobody waits. */
export function createDeadlines<W extends Waiting>(onLate: (late: readonly W[]) => void): Deadlines<W> {
  const waiting = new Set<W>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = ({ until }: W): void => {
    timer = setTimeout(ring, Math.max(1, Math.ceil(until - performance.now())));
  };
  const ring = (): void => {
    timer = undefined;
    const late: W[] = [];
    for (const waiter of waiting) {
      if (waiter.until > performance.now()) {
        arm(waiter);
        break;
      }
      waiting.delete(waiter);
      late.push(waiter);
    }
    if (late.length > 0) onLate(late);
  };
  return {
    add(waiter) {
      waiting.add(waiter);
      if (timer === undefined) arm(waiter);
    },
    remove(waiter) {
      waiting.delete(waiter);
      if (waiting.size > 0) return;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
