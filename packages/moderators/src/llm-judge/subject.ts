import type { Item, Segment } from '@chaperone/core';
import type { Subject } from './judge.ts';

/** Of the turns before, so many characters are shown: the latest. */
const MOST_EARLIER = 8_000;

/** What is to be judged of an item; undefined where it has no text. */
export function subjectOf({ segment, stage, message = [segment], conversation = [] }: Item): Subject | undefined {
  const texts = message.flatMap(({ text }) => (text === undefined ? [] : [text]));
  if (texts.length === 0) return undefined;
  return { stage, text: texts.join('\n'), earlier: earlierTurns(conversation) };
}

function earlierTurns(conversation: readonly Segment[]): Subject['earlier'] {
  const turns: { role: 'user' | 'assistant'; content: string }[] = [];
  let left = MOST_EARLIER;
  for (const { role, text } of conversation.toReversed()) {
    if (text === undefined || text === '' || role === 'system') continue;
    if (left <= 0) break;
    const speaker = role === 'assistant' ? 'assistant' : 'user';
    const content = text.slice(-left);
    left -= content.length;
    const [latest] = turns;
    if (latest?.role === speaker) latest.content = `${content}\n${latest.content}`;
    else turns.unshift({ role: speaker, content });
  }
  return turns;
}
