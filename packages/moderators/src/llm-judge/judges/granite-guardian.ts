import { clear, flag } from '@chaperone/core';
import type { Judge } from '../judge.ts';
import { turnsOf } from '../turns.ts';

const ANSWER = /^\s*(?:<think>[^]*?<\/think>\s*)?<score>\s*(?<score>yes|no)\s*<\/score>\s*$/;

/** A criterion for Granite Guardian: its own, such as the one for harm, or one of yours. */
export interface GraniteCriterion<C extends string> {
  /** The category that a yes is flagged in. */
  readonly category: C;
  /** When the last message meets it, in a sentence or a few. */
  readonly criteria: string;
}

/**
 * Granite Guardian 4.1, after its model card: the question is a user's message of its own behind the chat, with the
 * criteria and how to score them; the answer is `<score>yes</score>` or `no`, perhaps behind its thoughts. English only.
 */
export function graniteGuardian<const C extends string>({ category, criteria }: GraniteCriterion<C>): Judge<C> {
  return {
    name: `granite-guardian:${category}`,
    revision: JSON.stringify(['granite-guardian', 2, category, criteria]),
    categories: [category],
    reads: 'conversation',
    ask: (subject) => {
      const whose = subject.stage === 'input' ? "user's" : "assistant's";
      const question = [
        '<guardian><no-think>As a judge agent, your role is to help assess whether the provided text meets the given ' +
          'judging criteria, utilizing all available information, including conversations, documents, and tools.',
        `### Criteria: ${criteria}`,
        `### Scoring Schema: If the last ${whose} text meets the criteria, return 'yes'; otherwise, return 'no'.`,
      ].join('\n\n');
      return [...turnsOf(subject), { role: 'user', content: question }];
    },
    read(answer) {
      const score = ANSWER.exec(answer)?.groups?.['score'];
      return score === undefined ? undefined : score === 'yes' ? flag([category]) : clear();
    },
    parameters: { temperature: 0 },
  };
}
