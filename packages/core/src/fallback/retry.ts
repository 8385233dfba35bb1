import type { Decision } from '../policy/decision.ts';
import { ConfigurationError } from '../errors.ts';
import type { Fallback } from './fallback.ts';
import { reject } from './reject.ts';

/** More generations than this for one answer are a mistake. */
export const MAX_RETRIES = 5;

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
  const { maxRetries = 1, feedback = defaultFeedback, otherwise = reject() } = options;
  if (!Number.isInteger(maxRetries) || maxRetries < 0 || maxRetries > MAX_RETRIES)
    throw new ConfigurationError(
      'retry.maxRetries',
      `must be a whole number from 0 to ${MAX_RETRIES}, not ${String(maxRetries)}`,
    );
  for (const key of Object.keys(options))
    if (key !== 'maxRetries' && key !== 'feedback' && key !== 'otherwise')
      throw new ConfigurationError(`retry.${key}`, 'is not an option; there are maxRetries, feedback and otherwise');
  return {
    waits: true,
    retries: maxRetries,
    answer: (decision, call) =>
      call.canRetry
        ? { kind: 'retry', feedback: feedback(decision) }
        : otherwise.answer(decision, { ...call, canRetry: false }),
  };
}

function defaultFeedback(decision: Decision): string {
  const categories = new Set(
    decision.findings
      .filter(({ action, category }) => action === 'block' && category !== '*')
      .map(({ category }) => category),
  );
  const why = categories.size > 0 ? ` for: ${[...categories].join(', ')}` : '';
  return `Your previous reply was flagged by a safety check${why}. It was not shown. Answer again in a way that is acceptable, without mentioning this note.`;
}
