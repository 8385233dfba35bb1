import type { CallContext, Item, Moderator } from './moderator.ts';
import { readVerdict, type Failed, type FailureReason, type Verdict } from './verdict.ts';

/**
 * One request to a moderator, within its deadline. The moderator is trusted neither to keep the time, nor to stop when
 * it is told, nor to answer with verdicts.
 */
export class Request {
  readonly #moderator: Moderator;
  readonly #deadline: number;
  readonly #controller = new AbortController();
  #end: (reason: FailureReason) => void = () => {};
  isStopped = false;

  constructor(moderator: Moderator, deadline: number) {
    this.#moderator = moderator;
    this.#deadline = deadline;
  }

  /** One verdict for each item, in order. Never rejects. */
  send(items: readonly Item[], context: CallContext | undefined): Promise<readonly Verdict[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Verdict[]>();
    const all = (reason: FailureReason): readonly Verdict[] => items.map(() => failure(this.#moderator, reason));
    this.#end = (reason) => {
      clearTimeout(timer);
      resolve(all(reason));
      this.#controller.abort();
    };
    const timer = setTimeout(() => this.#end('timeout'), this.#deadline);
    this.#ask(items, context).then(
      (answers) => {
        clearTimeout(timer);
        const isComplete = Array.isArray(answers) && answers.length === items.length;
        // Array.from, for a hole in an array is an answer that is missing.
        resolve(
          isComplete ? Array.from(answers, (answer) => readVerdict(this.#moderator.name, answer)) : all('malformed'),
        );
      },
      () => {
        clearTimeout(timer);
        resolve(all('unavailable')); // what it threw may hold anything, content too, so it goes no further
      },
    );
    return promise;
  }

  /** Nobody waits for the answer any longer. */
  stop(): void {
    this.isStopped = true;
    this.#end('aborted');
  }

  async #ask(items: readonly Item[], context: CallContext | undefined): Promise<unknown> {
    const { signal } = this.#controller;
    return this.#moderator.moderate(items, context === undefined ? { signal } : { signal, context });
  }
}

export function failure({ name }: Moderator, reason: FailureReason): Failed {
  return { status: 'failed', moderator: name, reason };
}
