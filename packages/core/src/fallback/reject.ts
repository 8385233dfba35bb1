import { isFlagged } from '../policy/decision.ts';
import { rejectOptions } from '../schemas.ts';
import { validate } from '../validate.ts';
import type { Fallback } from './fallback.ts';

export interface RejectOptions {
  /** A text for the user, instead of the decision's own. Not said where nothing was found but something unchecked. */
  readonly message?: string;
}

/** Refuses, in the form that the protocol has for it. */
export function reject(options: RejectOptions = {}): Fallback {
  validate(rejectOptions, options, 'reject');
  const { message } = options;
  return {
    waits: true,
    retries: 0,
    answer: (decision) => ({ kind: 'reject', ...(message !== undefined && isFlagged(decision) && { message }) }),
  };
}
