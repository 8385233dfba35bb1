import type { Item, ModerateOptions, Moderator } from './moderator.ts';
import { failure, readVerdict, type Failed, type Verdict } from './verdict.ts';

/** One request to a moderator that is under way. */
export interface ModerationRequest {
  /** One verdict for each item, in order. Never rejects. */
  readonly verdicts: Promise<readonly Verdict[]>;
  /** Nobody waits for the answer any longer. */
  stop(): void;
}

/**
 * Sends items to a moderator. It is trusted neither to stop when it is told, nor to answer with verdicts.
 * @param members the names that its verdicts may carry besides its own
 */
export function sendRequest(
  moderator: Moderator,
  items: readonly Item[],
  options: Omit<ModerateOptions, 'signal'>,
  members?: readonly string[],
): ModerationRequest {
  const controller = new AbortController();
  const { promise: verdicts, resolve } = Promise.withResolvers<readonly Verdict[]>();
  const fail = (reason: Failed['reason'], more?: Pick<Failed, 'retryAfterMs'>): void => {
    resolve(items.map(() => failure(moderator.name, reason, more)));
    controller.abort();
  };
  const { signal } = controller;
  const ask = async (): Promise<void> => {
    const answers: unknown = await moderator.moderate([...items], { ...options, signal });
    if (!Array.isArray(answers) || answers.length !== items.length) {
      fail('malformed');
      return;
    }
    // Array.from, for a hole in an array is an answer that is missing.
    resolve(Array.from(answers, (answer) => readVerdict(moderator.name, answer, members)));
  };
  // What it threw may hold anything, content too, so it goes no further. As with a fault of the network, it may be asked again.
  ask().catch(() => fail('unavailable', { retryAfterMs: 0 }));
  return { verdicts, stop: () => fail('aborted') };
}
