/**
 * What a segment is made of. `text`, `reasoning`, `refusal`, `tool-input` (the arguments of a tool call) and
 * `tool-output` (the result of one) are text; the others are media.
 */
export type SegmentKind =
  | 'text'
  | 'reasoning'
  | 'refusal'
  | 'tool-input'
  | 'tool-output'
  | 'image'
  | 'audio'
  | 'video'
  | 'file';

/** Who wrote a message: `tool` is the result of a tool call, `system` is the developer. */
export type Role = 'user' | 'assistant' | 'tool' | 'system';

/** Every role there is. */
export const ROLES: readonly Role[] = ['user', 'assistant', 'tool', 'system'];

/** One piece of a chat that can be judged. */
export interface Segment {
  readonly kind: SegmentKind;
  readonly role: Role;
  /** Where it stands in the request or the reply, in the protocol's own terms, such as `messages[2].content[0].text`. */
  readonly path: string;
  /**
   * The text, for the kinds that are text. Absent from one of those: there is text, but kept where nobody here can see it,
   * as of a chat that the provider stores. It is `unsupported`.
   */
  readonly text?: string;
  /** Half of it is of no use, as of structured output: streamed, it leaves as a whole. */
  readonly isWhole?: true;
  /** An image: its address (`https:` or `data:`), or its bytes. */
  readonly image?: URL | Uint8Array;
}

/** One message of a chat: who wrote it, and its segments. A message without any still marks a turn. */
export interface Message {
  readonly role: Role;
  readonly path: string;
  readonly segments: readonly Segment[];
}

/** Whether a segment is to be judged. */
export type Scope = (segment: Segment) => boolean;

/** The kinds that are text: what a moderator covers unless it says otherwise. */
export const TEXT_KINDS: readonly SegmentKind[] = ['text', 'reasoning', 'refusal', 'tool-input', 'tool-output'];

/** Every kind there is. */
export const SEGMENT_KINDS: readonly SegmentKind[] = [...TEXT_KINDS, 'image', 'audio', 'video', 'file'];

/** Whether there is nothing in a segment that anybody could judge. */
export function isEmpty(segment: Segment): boolean {
  return segment.text === '' && segment.image === undefined;
}
