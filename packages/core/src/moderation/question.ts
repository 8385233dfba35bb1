import type { CallContext, Item } from './moderator.ts';
import type { Queue } from './queue.ts';
import type { Failed, Verdict } from './verdict.ts';

/** One item that somebody waits for a verdict on. */
export interface Question {
  /** Never rejects, and comes by the deadline. */
  readonly verdict: Promise<Verdict>;
  /** Whoever asked waits no longer. When nobody does, the moderator is told to stop. */
  leave(): void;
}

/** On whose behalf a moderator is asked. */
export interface Asker {
  readonly context: CallContext;
  /** Whether somebody waits: if so, it goes before what nobody waits for. */
  readonly isAwaited: boolean;
}

/** One of those who wait for an answer. */
export interface Waiter {
  readonly question: PendingQuestion;
  /** By `performance.now()`. */
  readonly until: number;
  readonly resolve: (verdict: Verdict) => void;
}

/** A question on its way; several may wait for the same one. */
export interface PendingQuestion {
  readonly item: Item;
  /** Undefined: there is nothing to remember it by. */
  readonly key: string | undefined;
  /** Where it waits for its turn. */
  readonly queue: Queue;
  readonly context: CallContext;
  readonly waiters: Set<Waiter>;
  /** When it was asked, by `performance.now()`. */
  readonly since: number;
  /** What it may count for in a quota. */
  readonly tokens: number;
  isAwaited: boolean;
  /** Requests that it was part of and that failed. */
  tries: number;
  /** Why there is no answer yet, where that is known: what those hear who can wait no longer. */
  trouble: Failed | undefined;
  /** Told each time that the last of those who wait has left. */
  onLeft: () => void;
}

export function hasWaiters({ waiters }: PendingQuestion): boolean {
  return waiters.size > 0;
}

/** Until when anybody waits. */
export function patienceOf({ waiters }: PendingQuestion): number {
  let until = 0;
  for (const waiter of waiters) until = Math.max(until, waiter.until);
  return until;
}

/** A question that nobody need ask. */
export function answered(verdict: Verdict): Question {
  return { verdict: Promise.resolve(verdict), leave: () => {} };
}

/** All texts that a moderator is given of an item. */
export function textsOf({ segment, before = '', message = [segment], conversation = [] }: Item): readonly string[] {
  return [before, ...[...message, ...conversation].map(({ text = '' }) => text)];
}
