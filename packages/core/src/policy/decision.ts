import type { Stage } from '../moderation/moderator.ts';
import type { PlacedVerdict, Span } from '../moderation/verdict.ts';
import type { Threshold } from './policy.ts';

/** What is to happen, from mild to strict. `warn` and `review` release the text. */
export type Action = 'allow' | 'warn' | 'review' | 'block';

/** One category that the policy has something to say about. */
export interface Finding<C extends string = string> {
  /** `'*'`: a category that the moderator does not list, or a flag without one. */
  readonly category: C | '*';
  readonly score?: number;
  /** What the score, or the flag, met. Absent where the policy lets a flag pass. */
  readonly threshold?: Threshold;
  readonly action: Action;
  readonly moderator: string;
  readonly path: string;
  /** Where a long text was judged in pieces: the piece that it is about. */
  readonly span?: Span;
}

/** One segment that nobody, or not everybody who should, could check. */
export interface Unchecked {
  readonly path: string;
  readonly reason: 'failed' | 'unsupported' | 'too-large';
  /** Absent: no moderator covers this kind of segment at all. */
  readonly moderator?: string;
}

/** What the policy makes of the verdicts: one per stage and attempt. */
export interface Decision<C extends string = string> {
  readonly id: string;
  readonly stage: Stage;
  /** The strictest of the findings and of what `whenUnchecked` says. */
  readonly action: Action;
  readonly findings: readonly Finding<C>[];
  /** What could not be checked: such a call never counts as passed. */
  readonly unchecked: readonly Unchecked[];
  /** Older segments that were replaced in the request: the policy would block them, or they answered such a one. */
  readonly omitted: readonly { readonly path: string }[];
  readonly verdicts: readonly PlacedVerdict<C>[];
  /** The text for the user; empty where there is nothing to say. */
  readonly message: string;
  readonly policyVersion: string;
}

/** What a policy that is not in force makes of the same verdicts. */
export type ShadowDecision<C extends string = string> = Pick<Decision<C>, 'action' | 'findings' | 'policyVersion'>;

const STRICTNESS: readonly Action[] = ['allow', 'warn', 'review', 'block'];

/** The strictest of some actions. */
export function strictest(actions: readonly Action[]): Action {
  return STRICTNESS.findLast((action) => actions.includes(action)) ?? 'allow';
}

/** What was found that is to be blocked. */
export function blocking<F extends Finding>({ findings }: { readonly findings: readonly F[] }): readonly F[] {
  return findings.filter(({ action }) => action === 'block');
}

/** Whether something was found that is to be blocked, and not only something that could not be checked. */
export function isFlagged(decision: { readonly findings: readonly Finding[] }): boolean {
  return blocking(decision).length > 0;
}
