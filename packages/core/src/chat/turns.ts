import { attempt } from '../attempt.ts';
import type { Stage } from '../moderation/moderator.ts';
import type { Target } from '../moderation/items.ts';
import type { Edit } from './adapter.ts';
import { isEmpty, type Message, type Scope, type Segment } from './segment.ts';

/** Stands where a segment of an older turn was taken out of a request. */
export const PLACEHOLDER = '[removed]';

/** Which segments of each stage are to be judged. */
export type Scopes = { readonly [S in Stage]: Scope };

/** A request's messages, divided into what is new and what a chat carries along. */
export interface Turns {
  /** Since the assistant's last turn: what the input decision is made on. */
  readonly fresh: readonly Target[];
  /** Judged again wherever a verdict is not remembered, for a history is what its client says it is. */
  readonly older: readonly Target[];
}

/**
 * Divides a request. An assistant's turn is judged as output. One at the very end is the beginning of the answer to
 * come: it makes what stands before it no older.
 */
export function divide(messages: readonly Message[], scopes: Scopes): Turns {
  const scoped = messages.map((message) => inScope(message, scopes));
  const last = messages.findLastIndex(({ role }) => role === 'user' || role === 'tool');
  const border = messages.findLastIndex((message, index) => index < last && stageOf(message) === 'output');
  const fresh: Target[] = [];
  const older: Target[] = [];
  for (const [index, message] of scoped.entries())
    (index > border && message.role !== 'assistant' ? fresh : older).push(
      ...targetsOf(message, stageOf(message), () => scoped.slice(0, index)),
    );
  return { fresh, older };
}

function stageOf({ role }: Message): Stage {
  return role === 'assistant' ? 'output' : 'input';
}

/** A message with nothing in it but what is to be judged. Frozen: each moderator judges what came, whatever others do. */
export function inScope(message: Message, scopes: Scopes, stage: Stage = stageOf(message)): Message {
  const segments = message.segments.filter(
    (segment) => !isEmpty(Object.freeze(segment)) && (attempt(() => scopes[stage](segment)) ?? true), // a scope that fails is no way around the guard
  );
  return { ...message, segments };
}

/** What of a message there is to be judged. */
export function targetsOf(message: Message, stage: Stage, earlier: () => readonly Message[]): readonly Target[] {
  return message.segments.map((segment) => ({ segment, stage, message, earlier }));
}

/** The result of a tool: what a model asked for, and not what a user said. */
export function isToolResult({ role }: Segment): boolean {
  return role === 'tool';
}

/**
 * The edits that take segments out of a request: each of these, and the answer that it got, up to what the user says
 * next.
 * @param keepsAnswer of which segments the answer stays: it was given to the placeholder
 */
export function editsFor(
  messages: readonly Message[],
  blocked: ReadonlySet<string>,
  keepsAnswer: (segment: Segment) => boolean,
): readonly Edit[] {
  const edits: Edit[] = [];
  let isBlocked = false;
  let isAnswered = false;
  for (const { role, segments } of messages) {
    const isAnswer = role === 'assistant';
    if (role === 'user' && isAnswered) isBlocked = isAnswered = false;
    isAnswered ||= isAnswer;
    for (const segment of segments)
      if (blocked.has(segment.path) || (isAnswer && isBlocked && !isEmpty(segment)))
        edits.push({ path: segment.path, kind: segment.kind, placeholder: PLACEHOLDER });
    isBlocked ||= !isAnswer && segments.some((segment) => blocked.has(segment.path) && !keepsAnswer(segment));
  }
  return edits;
}
