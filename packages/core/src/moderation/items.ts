import { TEXT_KINDS, type Message, type Segment } from '../chat/segment.ts';
import { getOrAdd } from '../look-up.ts';
import type { Item, Moderator, Stage } from './moderator.ts';

/** A segment to be judged, and what stands around it. */
export interface Target {
  readonly segment: Segment;
  readonly stage: Stage;
  readonly before?: string;
  /** The message that it is part of, by identity. */
  readonly message: Message;
  /** The messages before that one, for moderators that read the conversation. */
  readonly earlier: () => readonly Message[];
}

/** Whether a moderator judges whole messages: one verdict for all segments of one. */
export function readsWhole({ reads = 'segment' }: Moderator): boolean {
  return reads !== 'segment';
}

export function covers(moderator: Moderator, segment: Segment): boolean {
  const isUnseen = segment.text === undefined && TEXT_KINDS.includes(segment.kind);
  return !isUnseen && (moderator.kinds ?? TEXT_KINDS).includes(segment.kind);
}

/** What a moderator is asked about a target. */
export function itemFor(moderator: Moderator, { segment, stage, before, message, earlier }: Target): Item {
  return {
    segment,
    stage,
    ...(before !== undefined && { before }),
    // An image says little without the words around it.
    ...((readsWhole(moderator) || segment.image) && { message: coveredBy(moderator, message.segments) }),
    ...(moderator.reads === 'conversation' && {
      conversation: coveredBy(
        moderator,
        earlier().flatMap(({ segments }) => segments),
      ),
    }),
  };
}

/**
 * What a member is asked about an item of the moderator that it belongs to: as much as it would be asked by itself, so
 * that it is asked once, on whichever way the question comes.
 */
export function itemForMember(member: Moderator, { segment, stage, before, message, conversation }: Item): Item {
  const whole = readsWhole(member) || segment.image ? coveredBy(member, message ?? [segment]) : undefined;
  return {
    segment: readsWhole(member) ? (whole?.[0] ?? segment) : segment,
    stage,
    ...(before !== undefined && !readsWhole(member) && { before }),
    ...(whole && { message: whole }),
    ...(member.reads === 'conversation' && { conversation: coveredBy(member, conversation ?? []) }),
  };
}

/** Found once for a list and a moderator: all the segments of a message are asked about with the same one. */
function coveredBy(moderator: Moderator, segments: readonly Segment[]): readonly Segment[] {
  const byModerator = getOrAdd(COVERED, segments, () => new WeakMap<Moderator, readonly Segment[]>());
  return getOrAdd(byModerator, moderator, () =>
    Object.freeze(segments.filter((segment) => covers(moderator, segment))),
  );
}

const COVERED = new WeakMap<readonly Segment[], WeakMap<Moderator, readonly Segment[]>>();
