import type { BreakerOptions } from './breaker.ts';
import type { Quota } from './quota.ts';

/** How a moderator is asked, every default filled in. */
export interface Limits {
  /** Milliseconds from the question to its answer, whatever happens in between. */
  readonly deadline: number;
  /** How often it is asked again after a failure that may pass. */
  readonly retries: number;
  /** Requests at a time. */
  readonly concurrency: number;
  /** Whether items go together where the moderator takes several, and how many milliseconds one waits for others. */
  readonly batch: { readonly maxWait: number } | undefined;
  readonly quota: Quota | undefined;
  readonly breaker: BreakerOptions | undefined;
}
