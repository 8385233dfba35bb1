import { isRecord, isText } from '../is.ts';

/** Why a moderator could not say anything. */
export type FailureReason = 'timeout' | 'unavailable' | 'malformed' | 'refused' | 'denied' | 'quota' | 'aborted';

/** Why a moderator does not cover an item. */
export type UnsupportedReason = 'kind' | 'language' | 'too-large';

/** A stretch of a text, in characters (UTF-16 code units); `end` is the first one behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What every verdict may say. */
interface Said {
  /** What each of its members said, where a moderator is made of others, in the order in which they were asked. */
  readonly members?: readonly Verdict[];
}

/** A moderator looked and says what it found. */
export interface Judged<C extends string = string> extends Said {
  readonly status: 'clear' | 'flagged';
  readonly moderator: string;
  /** The model that gave the scores, as the service named it. */
  readonly model?: string;
  /** The service's own id of the answer, for its support. */
  readonly responseId?: string;
  /** The categories that the moderator flagged by its own rules. */
  readonly flagged: readonly C[];
  /** The moderator's own confidence, 0 to 1: no probability, and not comparable between moderators. */
  readonly scores: { readonly [K in C]?: number };
  /** Which part of the item each category was judged on. */
  readonly appliedTo?: { readonly [K in C]?: readonly ('text' | 'image')[] };
  /** Where a text was judged in pieces: the piece that each category was flagged in, or had its score from. */
  readonly spans?: { readonly [K in C]?: Span };
  /** What the moderator would say to the user: said where a finding of its own blocks. */
  readonly message?: string;
}

/** A moderator could not say anything: never a pass. */
export interface Failed extends Said {
  readonly status: 'failed';
  readonly moderator: string;
  readonly reason: FailureReason;
  /** Present: it may be asked again, after so many milliseconds. Absent: asking again will not help. */
  readonly retryAfterMs?: number;
  /** One sentence for the operator: what to do about it. Holds no content and no secret. */
  readonly detail?: string;
}

/** A moderator does not cover this kind, language or size. */
export interface Unsupported extends Said {
  readonly status: 'unsupported';
  readonly moderator: string;
  readonly reason: UnsupportedReason;
}

/** What one moderator says of one item. */
export type Verdict<C extends string = string> = Judged<C> | Failed | Unsupported;

type WithoutName<V> = V extends unknown ? Omit<V, 'moderator'> & { readonly moderator?: string } : never;

/** A verdict as a moderator hands it in: the panel puts the moderator's name on it. */
export type Report<C extends string = string> = WithoutName<Verdict<C>>;

/** A verdict and the segment that it speaks of. */
export type PlacedVerdict<C extends string = string> = Verdict<C> & { readonly path: string };

/** Whether a moderator looked, and so a verdict says what it found. */
export function isJudged<V extends Verdict>(verdict: V): verdict is Extract<V, Judged> {
  return verdict.status === 'clear' || verdict.status === 'flagged';
}

/** The categories that a verdict flags: a flag without one of its own is of the category `'*'`, which no moderator lists. */
export function flaggedBy({ status, flagged }: Pick<Judged, 'status' | 'flagged'>): readonly string[] {
  return status === 'flagged' && flagged.length === 0 ? ['*'] : flagged;
}

/** Nothing found. */
export function clear<C extends string = never>(scores: Judged<C>['scores'] = {}): Report<C> {
  return { status: 'clear', flagged: [], scores };
}

/** Something found, in these categories; in none of its own when the list is empty. */
export function flag<const C extends string = never>(
  categories: readonly C[] = [],
  scores: Judged<NoInfer<C>>['scores'] = {},
): Report<C> {
  return { status: 'flagged', flagged: categories, scores };
}

/** It could not be checked. */
export function failed(
  reason: FailureReason,
  more: { readonly retryAfterMs?: number; readonly detail?: string } = {},
): Report<never> {
  return { status: 'failed', reason, ...more };
}

/** It is not covered. */
export function unsupported(reason: UnsupportedReason): Report<never> {
  return { status: 'unsupported', reason };
}

/**
 * The verdict that a moderator's answer amounts to: anything that is not one is `failed`, never a pass.
 * @param members the names that it may hand on a verdict of, besides its own
 */
export function readVerdict(name: string, answer: unknown, members: readonly string[] = []): Verdict {
  if (isRecord(answer)) {
    const { status, reason, retryAfterMs, detail } = answer;
    const moderator = members.find((member) => member === answer['moderator']) ?? name;
    const said = answer['members'];
    const more =
      members.length > 0 && Array.isArray(said)
        ? { members: Object.freeze(said.map((each) => readVerdict(name, each, members))) }
        : {};
    if (status === 'clear' || status === 'flagged') return readJudged(moderator, status, answer, more);
    if (status === 'failed' && isOneOf(FAILURES, reason))
      return {
        status,
        moderator,
        reason,
        ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 && { retryAfterMs }),
        ...(isText(detail) && { detail }),
        ...more,
      };
    if (status === 'unsupported' && isOneOf(UNSUPPORTED, reason)) return { status, moderator, reason, ...more };
  }
  return failure(name, 'malformed');
}

const FAILURES: readonly FailureReason[] = [
  'timeout',
  'unavailable',
  'malformed',
  'refused',
  'denied',
  'quota',
  'aborted',
];
const UNSUPPORTED: readonly UnsupportedReason[] = ['kind', 'language', 'too-large'];

/** Copied and frozen, for the same verdict may be remembered and shown to many. */
function readJudged(
  moderator: string,
  status: Judged['status'],
  answer: Readonly<Record<string, unknown>>,
  more: Pick<Judged, 'members'>,
): Verdict {
  const { flagged, scores, model, responseId, appliedTo, message } = answer;
  if (!Array.isArray(flagged) || !flagged.every(isText) || !isRecordOf(scores, isScore))
    return failure(moderator, 'malformed');
  return Object.freeze({
    status: flagged.length > 0 ? 'flagged' : status,
    moderator,
    flagged: Object.freeze([...flagged]),
    scores: Object.freeze({ ...scores }),
    ...(isText(model) && { model }),
    ...(isText(responseId) && { responseId }),
    ...(isRecordOf(appliedTo, isParts) && { appliedTo: Object.freeze({ ...appliedTo }) }),
    ...(isText(message) && { message }),
    ...more,
  });
}

/** A failure that the guard itself has seen, and the moderator has not said. */
export function failure(
  moderator: string,
  reason: FailureReason,
  more: Pick<Failed, 'retryAfterMs' | 'detail'> = {},
): Failed {
  return { status: 'failed', moderator, reason, ...more };
}

/** What the guard itself says of an item that a moderator is not asked about. */
export function unsupportedBy(moderator: string, reason: UnsupportedReason): Unsupported {
  return { status: 'unsupported', moderator, reason };
}

function isRecordOf<T>(
  value: unknown,
  isMember: (member: unknown) => member is T,
): value is Readonly<Record<string, T>> {
  return isRecord(value) && Object.values(value).every((member) => member === undefined || isMember(member));
}

function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return values.some((each) => each === value);
}

function isScore(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isParts(value: unknown): value is readonly ('text' | 'image')[] {
  return Array.isArray(value) && value.every((part) => part === 'text' || part === 'image');
}
