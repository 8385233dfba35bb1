import type { Verdict } from './verdict.ts';

/** When a moderator that keeps failing is no longer asked. */
export interface BreakerOptions {
  /** So many requests in a row must have failed. Default 5. */
  readonly failures?: number;
  /** Milliseconds until one request may try again. Default 5,000. */
  readonly pause?: number;
}

/** `open`: it is not asked. `half-open`: one request tries whether it answers again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * How a request has ended. One that was broken off says nothing of the moderator, and one that fails with an item that
 * failed before says nothing new: a single item that nobody can judge must not stop all others.
 */
export type RequestEnd = 'answered' | 'failed' | 'failed again' | 'stopped';

/** Spares a moderator that keeps failing, and whoever waits for it. */
export interface Breaker {
  /** Whether to ask: not now (`fail`), not before the request that tries has ended (`wait`), or yes; then say how it ended. */
  ask(): 'fail' | 'wait' | ((end: RequestEnd) => void);
  /** It lets everything through, and the last request did not fail. */
  readonly isClosed: boolean;
}

export function createBreaker(
  { failures = 5, pause = 5_000 }: BreakerOptions,
  onChange: (state: BreakerState) => void,
): Breaker {
  let state: BreakerState = 'closed';
  let inARow = 0;
  let since = 0;
  let isTrying = false;
  const change = (to: BreakerState): void => {
    if (state === to) return;
    state = to;
    since = performance.now();
    onChange(to);
  };
  const note = (end: RequestEnd): void => {
    if (end === 'stopped' || end === 'failed again') return;
    inARow = end === 'failed' ? inARow + 1 : 0;
    if (inARow === 0) change('closed');
    else if (inARow >= failures) change('open');
  };
  const noteTry = (end: RequestEnd): void => {
    isTrying = false;
    note(end === 'failed again' ? 'failed' : end);
  };
  return {
    ask() {
      if (state === 'closed') return note;
      if (state === 'open') {
        if (performance.now() < since + pause) return 'fail';
        change('half-open');
      }
      if (isTrying) return 'wait';
      isTrying = true;
      return noteTry;
    },
    get isClosed() {
      return state === 'closed' && inARow === 0;
    },
  };
}

/** Whether a request failed for its moderator's sake, and not for that of an item that it was asked about. */
export function isOutage(verdicts: readonly Verdict[]): boolean {
  return verdicts.every((verdict) => verdict.status === 'failed' && verdict.reason !== 'refused');
}
