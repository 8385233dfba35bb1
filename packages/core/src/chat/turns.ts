import { attempt } from '../attempt.ts';
import type { Stage } from '../moderation/moderator.ts';
import type { Target } from '../moderation/panel.ts';
import type { Edit } from './adapter.ts';
import { isEmpty, type Message, type Scope } from './segment.ts';

/** Stands where a segment of an older turn was taken out of a request. */
export const PLACEHOLDER = '[removed]';

/** A request's messages, divided into what is new and what a chat carries along. */
export interface Turns {
  /** Since the last message of the assistant: what the input decision is made on. */
  readonly fresh: readonly Target[];
  /** Judged again wherever a verdict is not remembered, for a history is what its client says it is. */
  readonly older: readonly Target[];
}

/** Divides a request, leaving out what is not to be judged. An assistant's turn is judged as output. */
export function divide(messages: readonly Message[], scopes: { readonly [S in Stage]: Scope }): Turns {
  const border = messages.findLastIndex((message) => message.role === 'assistant');
  const fresh: Target[] = [];
  const older: Target[] = [];
  for (const [index, message] of messages.entries()) {
    const targets = targetsOf(
      message,
      () => messages.slice(0, index),
      message.role === 'assistant' ? 'output' : 'input',
      scopes,
    );
    (index > border ? fresh : older).push(...targets);
  }
  return { fresh, older };
}

/** What of a message is to be judged. */
export function targetsOf(
  message: Message,
  earlier: () => readonly Message[],
  stage: Stage,
  scopes: { readonly [S in Stage]: Scope },
): readonly Target[] {
  return message.segments
    .filter((segment) => !isEmpty(segment) && isInScope(scopes[stage], segment))
    .map((segment) => ({ segment, stage, message, earlier }));
}

function isInScope(scope: Scope, segment: Parameters<Scope>[0]): boolean {
  return attempt(() => scope(segment)) ?? true; // a scope that fails must not become a way around the guard
}

/**
 * The edits that take segments out of a request: each of these, and the answer that it got, up to the next message of
 * the user.
 */
export function editsFor(messages: readonly Message[], blocked: ReadonlySet<string>): readonly Edit[] {
  const edits: Edit[] = [];
  let isAnswerToBlocked = false;
  for (const { role, segments } of messages) {
    const isAnswer = role === 'assistant';
    if (role === 'user') isAnswerToBlocked = false;
    for (const segment of segments)
      if (blocked.has(segment.path) || (isAnswer && isAnswerToBlocked && !isEmpty(segment)))
        edits.push({ path: segment.path, kind: segment.kind, placeholder: PLACEHOLDER });
    if (!isAnswer && segments.some(({ path }) => blocked.has(path))) isAnswerToBlocked = true;
  }
  return edits;
}
