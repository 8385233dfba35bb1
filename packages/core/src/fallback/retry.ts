import { blocking, type Decision } from '../policy/decision.ts';
import { attempt } from '../attempt.ts';
import { retryOptions } from '../schemas.ts';
import { validate } from '../validate.ts';
import type { Fallback } from './fallback.ts';
import { reject } from './reject.ts';

export interface RetryOptions {
  /** `1` – generate once more, two generations in all. 0 to 5. Default 1. */
  readonly maxRetries?: number;
  /** What the model is told. Default: names the categories. Never quote the flagged text. */
  readonly feedback?: (decision: Decision) => string;
  /** What is done when no retry is left or possible. Default `reject()`. */
  readonly otherwise?: Fallback;
}

/** Has the model try again, with feedback; each new reply is judged. */
export function retry(options: RetryOptions = {}): Fallback {
  validate(retryOptions, options, 'retry');
  const { maxRetries = 1, feedback = nameCategories, otherwise = reject() } = options;
  return {
    waits: true,
    retries: maxRetries,
    answer(decision, call) {
      const said = call.canRetry ? attempt(() => feedback(decision)) : undefined;
      return typeof said === 'string'
        ? { kind: 'retry', feedback: said }
        : otherwise.answer(decision, { ...call, canRetry: false });
    },
  };
}

function nameCategories(decision: Decision): string {
  const categories = new Set(
    blocking(decision)
      .map(({ category }) => category)
      .filter((category) => category !== '*'),
  );
  const why = categories.size > 0 ? ` for: ${[...categories].join(', ')}` : '';
  return `A safety check flagged your reply${why}. Answer again in an acceptable way.`;
}
