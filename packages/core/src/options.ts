import type { MessageOption } from './messages.ts';
import type { Scope } from './chat/segment.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { CallContext, CategoryOf, Moderator } from './moderation/moderator.ts';
import type { Policy } from './policy/policy.ts';

/** What happens to a call in which something could not be checked, by reason. */
export interface UncheckedRules {
  /** A moderator failed. Default `'block'`. */
  readonly failed?: 'block' | 'allow';
  /** No moderator covers the kind, or one does not cover the language. Default `'allow'`. */
  readonly unsupported?: 'block' | 'allow';
  /** Too large to be judged. Default `'block'`. */
  readonly tooLarge?: 'block' | 'allow';
}

export interface InputOptions {
  /** What is done about a blocked input. Default: the guard's `fallback`. */
  readonly fallback?: Fallback;
  /**
   * `'before'` judges before the model is called. `'during'` starts the generation at the same time, lets nothing out
   * before the verdict and cancels the generation on a block. Default `'before'`.
   */
  readonly timing?: 'before' | 'during';
  /** What of a request is judged. Default: everything that the developer did not write. */
  readonly scope?: Scope;
}

export interface OutputOptions {
  /** What is done about a blocked reply. Default: the guard's `fallback`. */
  readonly fallback?: Fallback;
  /**
   * When streamed text may leave. `'whole'` holds the reply until all of it is judged. `'verified'` promises that
   * nothing leaves before it was cleared; in this version it holds the reply like `'whole'`. Default `'verified'`.
   */
  readonly release?: 'verified' | 'whole';
  /** What of a reply is judged. Default: all of it. */
  readonly scope?: Scope;
}

export interface CacheOptions {
  /** How many verdicts are kept. Default 1,000. */
  readonly entries?: number;
  /** How long one is good, in milliseconds. Default one hour. */
  readonly ttl?: number;
}

export interface ModerationOptions {
  /** How long one moderator may take over one request: connect, headers and body, in milliseconds. Default 2,000. */
  readonly deadline?: number;
  /** Verdicts that are kept; `false` keeps none. Failures are never kept. */
  readonly cache?: CacheOptions | false;
}

/** What events may carry: nothing of the content, its SHA-256, or all of it. */
export type CaptureContent = 'none' | 'hash' | 'full';

export interface GuardOptions<I extends Moderator = Moderator, O extends Moderator = I> {
  /** Who judges: all of them, at both stages or by stage. */
  readonly moderators: readonly I[] | { readonly input: readonly I[]; readonly output: readonly O[] };
  /** What reports amount to. Default: block what a moderator flags. A function gives each call its own. */
  readonly policy?: NoInfer<Policy<CategoryOf<I | O>>> | ((context: CallContext) => NoInfer<Policy<CategoryOf<I | O>>>);
  /** What is done about a block, at both stages. Default `reject()`. */
  readonly fallback?: Fallback;
  readonly input?: InputOptions;
  readonly output?: OutputOptions;
  /** What happens to what could not be checked. Default: block what failed or is too large, allow what is unsupported. */
  readonly whenUnchecked?: 'block' | 'allow' | UncheckedRules;
  readonly moderation?: ModerationOptions;
  /** Texts for the user: one for everything, a table by stage, category and locale, or a function. */
  readonly message?: MessageOption<CategoryOf<I | O>>;
  /** What events may carry of the content. Default `'none'`. */
  readonly captureContent?: CaptureContent;
}
