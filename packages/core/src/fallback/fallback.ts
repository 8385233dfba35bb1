import type { CallContext, Stage } from '../moderation/moderator.ts';
import type { Decision } from '../policy/decision.ts';
import { isRecord } from '../is.ts';
import type { Outcome } from './outcome.ts';

/** What a fallback knows about the call. */
export interface FallbackCall {
  readonly stage: Stage;
  /** The generation that the decision is about, from 1; 0 before the first. */
  readonly attempt: number;
  readonly context: CallContext;
  /** Characters of the reply that have already left. */
  readonly released: number;
  /** Whether a `retry` could be carried out now. */
  readonly canRetry: boolean;
}

/** What is done about a `block`. */
export interface Fallback {
  /** Whether the call waits for the verdict. If not, the answer comes too late to change anything. */
  readonly waits: boolean;
  /** How many more generations it may ask for, 0 to 5. */
  readonly retries: number;
  readonly answer: (decision: Decision, call: FallbackCall) => Outcome | Promise<Outcome>;
}

/** More generations than this for one answer are a mistake. */
export const MAX_RETRIES = 5;

/** Whether a value has the form of a fallback. */
export function isFallback(value: unknown): value is Fallback {
  if (!isRecord(value)) return false;
  const { waits, retries, answer } = value;
  const isCount = typeof retries === 'number' && Number.isInteger(retries) && retries >= 0 && retries <= MAX_RETRIES;
  return isCount && typeof waits === 'boolean' && typeof answer === 'function';
}
