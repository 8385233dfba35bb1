import type { RefusalError } from './refusal-error.ts';
import type { GenerateResult } from './sdk.ts';

const replies = new WeakMap<object, GenerateResult>();
const errors = new WeakMap<GenerateResult, RefusalError>();

/** Keeps the refusal that an error stands for: a guard around this one passes on a refusal, and not a failure. */
export function keep(error: RefusalError, refusal: GenerateResult): RefusalError {
  replies.set(error, refusal);
  errors.set(refusal, error);
  return error;
}

/** What a model gives, or the refusal that a guard within has thrown. */
export async function caught(reply: PromiseLike<GenerateResult>): Promise<GenerateResult> {
  try {
    return await reply;
  } catch (error) {
    const refusal = typeof error === 'object' && error !== null ? replies.get(error) : undefined;
    if (refusal) return refusal;
    throw error;
  }
}

/** The error that such a refusal was thrown as. */
export function errorOf(reply: GenerateResult): RefusalError | undefined {
  return errors.get(reply);
}
