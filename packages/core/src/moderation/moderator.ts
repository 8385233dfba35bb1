import type { Segment, SegmentKind } from '../chat/segment.ts';
import type { Report, Verdict } from './verdict.ts';

/** The two moments at which a chat is judged. */
export type Stage = 'input' | 'output';

/** Both of them, in the order of a call. */
export const STAGES = ['input', 'output'] as const;

/** The same for each stage. */
export function byStage<T>(of: (stage: Stage) => T): { readonly [S in Stage]: T } {
  return { input: of('input'), output: of('output') };
}

/** What is known about whose call it is: given with `guard.with(context)` or per call, carried to every event. */
export interface CallContext {
  readonly user?: string;
  readonly tenant?: string;
  readonly conversation?: string;
  /** A BCP 47 tag such as `fr` or `zh-Hans`: the language of messages. */
  readonly locale?: string;
  readonly requestId?: string;
}

/** What a moderator is asked about. */
export interface Item {
  readonly segment: Segment;
  readonly stage: Stage;
  /** The text before the segment, where the segment continues one. */
  readonly before?: string;
  /** Of an image, and with `reads: 'message'` or `'conversation'`: all segments of the message that this moderator covers. */
  readonly message?: readonly Segment[];
  /** With `reads: 'conversation'`: the segments of the turns before. */
  readonly conversation?: readonly Segment[];
}

export interface ModerateOptions {
  /** Aborted at the deadline, and when nobody waits for the answer any longer. */
  readonly signal: AbortSignal;
  /** The context of the call, for a moderator that names a `partition` of it; else the items may belong to many calls. */
  readonly context?: CallContext;
  /**
   * For a moderator with `members`: asks one of them, with all that stands around a moderator (its own deadline,
   * retries, breaker, quota, cache and batch). One verdict an item, in order. Never rejects.
   */
  readonly ask: Ask;
}

/** Asks a moderator about items: one verdict an item, in order. */
export type Ask = <D extends string>(member: Moderator<D>, items: readonly Item[]) => Promise<readonly Verdict<D>[]>;

/**
 * Reports what it finds; it never blocks, logs or chooses. A moderator that answers late, or with anything but one
 * report per item, has `failed`; so has one that throws, and it is asked again as after a fault of the network.
 */
export interface Moderator<C extends string = string> {
  /** Unique in a guard. */
  readonly name: string;
  /** Changes when its own configuration does: part of the cache key. */
  readonly revision?: string;
  /** What a policy may name. What it reports beyond that falls under `'*'`. */
  readonly categories: readonly C[];
  /** What it can judge. Default: every kind that is text. */
  readonly kinds?: readonly SegmentKind[];
  /** `'message'`: all segments of one message in one item, one verdict; `'conversation'`: the turns before too. */
  readonly reads?: 'segment' | 'message' | 'conversation';
  /** Calls of different partitions share no request and no cached verdict: a tenant's own key, say. */
  readonly partition?: (context: CallContext) => string;
  /** The longest match, in characters, of a moderator that matches patterns. */
  readonly span?: number;
  /**
   * The longest text, in characters, that it judges well, the text before it included. A longer one is cut at
   * sentences, with overlap, and its verdicts are merged. Default: none. Not for those that read whole messages.
   */
  readonly maxCharacters?: number;
  /**
   * It works in this process and costs nobody anything: no quota counts it, and its items wait for no batch. Default
   * `false`.
   */
  readonly inProcess?: boolean;
  /** The moderators that it asks, for one that is made of others. Its answers may carry the name of one of them. */
  readonly members?: readonly Moderator[];
  /** It takes several items in one request, up to these limits. Default: one item a request. */
  readonly batch?: { readonly items: number; readonly characters: number };
  /** One report per item, in order. */
  readonly moderate: (items: readonly Item[], options: ModerateOptions) => Promise<readonly Report<C>[]>;
}

/** The categories of a moderator, or of several. */
export type CategoryOf<M> = M extends Moderator<infer C> ? C : never;

/** Every moderator there is among these: they themselves, and those that they are made of. */
export function withMembers(moderators: readonly Moderator[]): readonly Moderator[] {
  return [...new Set(moderators.flatMap((each) => [each, ...withMembers(each.members ?? [])]))];
}
