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
  /** The strictest of the findings and of what `whenUnchecked` says, but for what was taken out (`omitted`). */
  readonly action: Action;
  readonly findings: readonly Finding<C>[];
  /** What could not be checked: such a call never counts as passed. */
  readonly unchecked: readonly Unchecked[];
  /**
   * Segments that were replaced in the request. Older ones: the policy would block them, or they answered such a one. New
   * ones: tool results, with `toolOutput: 'replace'`; their findings are told like any other.
   */
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

/** What findings are about, and what of it was taken out. */
interface Found<F extends Finding> {
  readonly findings: readonly F[];
  readonly omitted?: Decision['omitted'];
}

/** What was found that is to be blocked: of what was taken out there is nothing left to block. */
export function blocking<F extends Finding>({ findings, omitted = [] }: Found<F>): readonly F[] {
  return findings.filter(({ action, path }) => action === 'block' && !omitted.some((each) => each.path === path));
}

/** Whether something was found that is to be blocked, and not only something that could not be checked. */
export function isFlagged(decision: Found<Finding>): boolean {
  return blocking(decision).length > 0;
}
