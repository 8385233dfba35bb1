import type { Refusal } from '@chaperone/core';
import { noticeOf, type Notice } from './notice.ts';

/**
 * A guard refused, where a sentence would be no answer: the call forces a tool, or wants structured output. The SDK does
 * not repeat the call for it. Its message is the text for the user; it holds no content and no score.
 */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
  /** What was decided: an id, a stage and an action. */
  readonly chaperone: Notice;
  /** `unchecked`: nothing was found, but something could not be checked. */
  readonly reason: 'flagged' | 'unchecked';
  /** For whoever asks an error whether to try again. */
  readonly isRetryable = false;

  constructor({ message, decision, cause }: Pick<Refusal, 'message' | 'decision' | 'cause'>) {
    super(message);
    this.chaperone = noticeOf(decision);
    this.reason = cause;
  }
}

/** Recognises a `RefusalError`, also one of another copy of this package. */
export function isRefusalError(error: unknown): error is RefusalError {
  return error instanceof Error && error.name === 'RefusalError' && 'chaperone' in error;
}
