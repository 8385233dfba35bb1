import type { CallContext, Item, Moderator } from './moderator.ts';
import { failure, readVerdict, type FailureReason, type Verdict } from './verdict.ts';

/** One request to a moderator that is under way. */
export interface ModerationRequest {
  /** One verdict for each item, in order. Never rejects. */
  readonly verdicts: Promise<readonly Verdict[]>;
  /** Nobody waits for the answer any longer. */
  stop(): void;
}

/**
 * Sends items to a moderator, within a deadline. The moderator is trusted neither to keep the time, nor to stop when
 * it is told, nor to answer with verdicts.
 * @param deadline in milliseconds
 */
export function sendRequest(
  moderator: Moderator,
  items: readonly Item[],
  context: CallContext | undefined,
  deadline: number,
): ModerationRequest {
  const controller = new AbortController();
  const { promise: verdicts, resolve } = Promise.withResolvers<readonly Verdict[]>();
  const fail = (reason: FailureReason): void => {
    clearTimeout(timer);
    resolve(items.map(() => failure(moderator.name, reason)));
    controller.abort();
  };
  const timer = setTimeout(() => fail('timeout'), deadline);
  const { signal } = controller;
  const ask = async (): Promise<void> => {
    const answers: unknown = await moderator.moderate([...items], context ? { signal, context } : { signal });
    if (!Array.isArray(answers) || answers.length !== items.length) {
      fail('malformed');
      return;
    }
    // Array.from, for a hole in an array is an answer that is missing.
    resolve(Array.from(answers, (answer) => readVerdict(moderator.name, answer)));
    clearTimeout(timer);
  };
  ask().catch(() => fail('unavailable')); // what it threw may hold anything, content too, so it goes no further
  return { verdicts, stop: () => fail('aborted') };
}
