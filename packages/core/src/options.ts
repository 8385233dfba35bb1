import type { LocalizedText, MessageOption } from './messages.ts';
import type { Scope } from './chat/segment.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { BreakerOptions } from './moderation/breaker.ts';
import type { CallContext, CategoryOf, Moderator } from './moderation/moderator.ts';
import type { Quota } from './moderation/quota.ts';
import type { VerdictStore } from './moderation/store.ts';
import type { Policy } from './policy/policy.ts';
import type { EnabledOption } from './unguarded.ts';

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
  /**
   * What a block of a tool result means: `'block'` ends the call like any other, `'replace'` puts a placeholder in its
   * place and goes on, so that an agent survives one bad page. The model is then asked after the verdict on it, whatever
   * the timing. Default `'block'`.
   */
  readonly toolOutput?: 'block' | 'replace';
  /** What of a request is judged. Default: everything that the developer did not write. */
  readonly scope?: Scope;
}

/** How streamed text is cut into windows. In characters (UTF-16 code units), but for `maxWait`. */
export interface WindowOptions {
  /** The first window closes at the first sentence end, or after so many. Default 80. */
  readonly first?: number;
  /** Later ones grow to so many. Default 400. */
  readonly size?: number;
  /** What stands before a window and is judged with it, never more than the window itself. Default 80. */
  readonly context?: number;
  /** Text that has waited for so many milliseconds is judged with its sentence. Default 500. */
  readonly maxWait?: number;
}

export interface OutputOptions {
  /** What is done about a blocked reply. Default: the guard's `fallback`. */
  readonly fallback?: Fallback;
  /**
   * When streamed text may leave. `'verified'`: sentence by sentence, each once it was cleared together with what stands
   * before it; tool calls and structured output as a whole. `'whole'`: when all of the reply was judged; it is also what
   * moderators get that read whole messages. `'immediate'`: as it comes, until something is flagged; how much had left
   * is told. Default `'verified'`.
   */
  readonly release?: 'verified' | 'whole' | 'immediate';
  /** How streamed text is cut for judging. */
  readonly window?: WindowOptions;
  /**
   * Judges streamed text a second time in stretches of almost 2,000 characters, for what shows only in a wider view. The
   * end of the stream waits for it; what left before cannot be recalled. Default `false`.
   */
  readonly recheck?: boolean;
  /** How many characters of a streamed reply may wait; what is more is `unchecked: 'too-large'`. Default 1 MiB. */
  readonly maxHeld?: number;
  /** What of a reply is judged. Default: all of it. */
  readonly scope?: Scope;
}

export interface CacheOptions {
  /** How many verdicts are kept in this process. Default 1,000. */
  readonly entries?: number;
  /** How many characters of judged text they may be remembered by in all. Default 16 MiB. */
  readonly characters?: number;
  /** How long one is good, in milliseconds. Default one hour. */
  readonly ttl?: number;
  /**
   * A store that several processes share, asked where this one remembers nothing. It gets hashes and signed verdicts,
   * both made with the secret, and no text; what it fails at, or what anybody has put there, changes no decision.
   */
  readonly shared?: { readonly store: VerdictStore; readonly secret: string };
}

/** How a moderator is asked. */
export interface AskingOptions {
  /**
   * How long a moderator may take over an item, in milliseconds: waiting, connect, headers, body and retries. Default
   * 2,000. One that is made of others has the sum of theirs.
   */
  readonly deadline?: number;
  /** How often it is asked again within the deadline after a failure that may pass. `0` – once only. Default 2. */
  readonly retries?: number;
  /** Requests at a time. Default 64. */
  readonly concurrency?: number;
  /**
   * Items go out together to a moderator that takes several: what is asked at the same moment, and, while requests are
   * under way, what comes within 3 ms for each of them. `maxWait`: never longer than that, in milliseconds. Default 25.
   * `false`: each item alone.
   */
  readonly batch?: { readonly maxWait?: number } | false;
  /** What a service lets itself be asked a minute. Moderators in this process are not counted. Default: no limit. */
  readonly quota?: Quota;
  /** When one that keeps failing is not asked for a while. `false`: never. */
  readonly breaker?: BreakerOptions | false;
}

export interface ModerationOptions extends AskingOptions {
  /** Verdicts that are kept; `false` keeps none. Failures are never kept. */
  readonly cache?: CacheOptions | false;
  /** The longest text that is judged, in characters; a longer one is `unchecked: 'too-large'`. Default 1 MiB. */
  readonly maxCharacters?: number;
  /** For single moderators, by name: goes before what is said for all. */
  readonly moderators?: { readonly [name: string]: AskingOptions };
}

/** What events may carry: nothing of the content, its SHA-256, or all of it. */
export type CaptureContent = 'none' | 'hash' | 'full';

export interface GuardOptions<I extends Moderator = Moderator, O extends Moderator = I> {
  /** Who judges: all of them, at both stages or by stage. */
  readonly moderators: readonly I[] | { readonly input: readonly I[]; readonly output: readonly O[] };
  /** What reports amount to. Default: block what a moderator flags. A function gives each call its own. */
  readonly policy?: NoInfer<Policy<CategoryOf<I | O>>> | ((context: CallContext) => NoInfer<Policy<CategoryOf<I | O>>>);
  /** Decided beside the policy, on the same verdicts: told in `shadowed`, never acted on. Default: none. */
  readonly shadow?: NoInfer<Policy<CategoryOf<I | O>>>;
  /**
   * The switch for an incident. Off, calls are unguarded: nothing is judged, nothing waits, and every `settled` says
   * `unguarded`. A function is asked at the beginning of each call; one that fails leaves the guard on. Default `true`.
   */
  readonly enabled?: EnabledOption;
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
  /**
   * Told of everything that runs beside calls: a serverless function that is frozen after its response would lose the
   * events. Where it belongs to a request, hand it to `guardRoute`. Default: nobody is told.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /**
   * Local help lines, such as `{ en: 'You can call or text 988 at any time.' }`: said in the place of the general hint in
   * the guard's own words to whom it blocks for self-harm. Default: a hint to call a local line.
   */
  readonly helpLines?: LocalizedText;
}
