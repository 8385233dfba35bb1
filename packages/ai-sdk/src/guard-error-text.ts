import { isRefusalError } from './refusal-error.ts';

/**
 * For `onError` of a UI message stream, which shows what it returns: the message of a refusal, and of any other error as
 * little as the SDK does by itself.
 */
export function guardErrorText(error: unknown): string {
  return isRefusalError(error) ? error.message : 'An error occurred.';
}
