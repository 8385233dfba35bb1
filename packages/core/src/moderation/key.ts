import type { Segment } from '../chat/segment.ts';
import type { Item, Moderator } from './moderator.ts';

/**
 * What makes two items the same to a moderator: who judges, at which stage, whose text and of what kind, and the exact
 * text with what it is judged with. Undefined where there is more than text to compare.
 */
export function keyOf(moderator: Moderator, partition: string, item: Item): string | undefined {
  const { segment, stage, before = '', message, conversation } = item;
  const others = [...(message ?? []), ...(conversation ?? [])];
  if (segment.text === undefined || segment.image || others.some((other) => other.text === undefined || other.image))
    return undefined;
  const head = [
    moderator.name,
    moderator.revision ?? '',
    partition,
    stage,
    segment.role,
    segment.kind,
    before.length, // so that no text can move the border between itself and what stands before it
    ...(message ? [message.map(describe)] : []),
    ...(conversation ? [conversation.map(describe)] : []),
  ];
  return `${JSON.stringify(head)}${before}${segment.text}`;
}

function describe({ role, kind, text }: Segment): readonly (string | undefined)[] {
  return [role, kind, text];
}
