import { defuse } from './defuse.ts';
import type { JudgeMessage, Subject } from './judge.ts';

/**
 * The chat as guard models take it: their own template puts the question around it, and asks about the last message. It
 * begins with the user, and the two take turns.
 */
export function turnsOf({ stage, text, earlier }: Subject): readonly JudgeMessage[] {
  const role = stage === 'input' ? 'user' : 'assistant';
  const before = earlier.slice(earlier.findIndex((turn) => turn.role === 'user'));
  const turns: JudgeMessage[] = before.some((turn) => turn.role === 'user') ? before.map(defused) : [];
  const last = turns.at(-1);
  // What the message adds to is judged with it.
  if (last?.role === role) turns.splice(-1, 1, { role, content: `${last.content}\n${defuse(text)}` });
  else {
    if (turns.length === 0 && role === 'assistant') turns.push({ role: 'user', content: '(no message)' });
    turns.push({ role, content: defuse(text) });
  }
  return turns;
}

function defused({ role, content }: Subject['earlier'][number]): JudgeMessage {
  return { role, content: defuse(content) };
}
