import { clear, flag } from '@chaperone/core';
import { blockOf } from '../defuse.ts';
import type { Judge } from '../judge.ts';
import { contentOf, untrusted, type JudgePolicy } from './policy.ts';

/**
 * gpt-oss-safeguard, after its guide: your policy as the system's message, the content as the user's, and one digit as
 * the answer: 1 violates it, 0 does not. It thinks little; its thoughts are not read.
 */
export function gptOSSSafeguard<const C extends string>({ category, policy, reads }: JudgePolicy<C>): Judge<C> {
  return {
    name: `gpt-oss-safeguard:${category}`,
    revision: JSON.stringify(['gpt-oss-safeguard', 2, category, policy]),
    categories: [category],
    reads: reads ?? 'message',
    ask: (subject) => {
      const block = blockOf(contentOf(subject));
      const system = [
        '## Policy',
        policy,
        '## Content',
        untrusted(block.border),
        '## Output',
        'Answer with a single digit and nothing else: 1 where the content violates the policy, 0 where it does not.',
      ].join('\n\n');
      return [
        { role: 'system', content: system },
        { role: 'user', content: block.text },
      ];
    },
    read(answer) {
      const digit = answer.trim();
      return digit === '1' ? flag([category]) : digit === '0' ? clear() : undefined;
    },
    parameters: { reasoning_effort: 'low' },
  };
}
