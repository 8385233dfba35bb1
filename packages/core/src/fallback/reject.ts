import type { Fallback } from './fallback.ts';

/**
 * Refuses, in the form that the protocol has for it.
 * @param options `message`: a text for the user, instead of the decision's own
 */
export function reject(options: { readonly message?: string } = {}): Fallback {
  return { waits: true, retries: 0, answer: () => ({ kind: 'reject', ...options }) };
}
