import type { Report } from '@chaperone/core';
import type { Judge } from '../judge.ts';
import { turnsOf } from '../turns.ts';

/** The categories of Qwen3Guard, as it writes them. `Jailbreak` is for inputs alone. */
export const QWEN3_GUARD_CATEGORIES = [
  'Violent',
  'Non-violent Illegal Acts',
  'Sexual Content or Sexual Acts',
  'PII',
  'Suicide & Self-Harm',
  'Unethical Acts',
  'Politically Sensitive Topics',
  'Copyright Violation',
  'Jailbreak',
] as const;

export type Qwen3GuardCategory = (typeof QWEN3_GUARD_CATEGORIES)[number];

const ANSWER =
  /^\s*Safety:\s*(?<safety>Safe|Unsafe|Controversial)\s*\n\s*Categories:\s*(?<names>[^\n]+?)\s*(?:\n\s*Refusal:\s*(?:Yes|No)\s*)?$/;

/**
 * Qwen3Guard-Gen, after its report: the server's chat template asks about the last message; the answer has lines
 * `Safety:`, `Categories:` and, of a reply, `Refusal:`. `Unsafe` is flagged with score 1; `Controversial` is score 0.5 and
 * no flag, which is its loose reading: for the strict one a policy blocks from 0.5.
 */
export const qwen3Guard: Judge<Qwen3GuardCategory> = {
  name: 'qwen3-guard',
  revision: 'qwen3-guard 2',
  categories: QWEN3_GUARD_CATEGORIES,
  reads: 'conversation',
  ask: turnsOf,
  read(answer) {
    const { safety, names = '' } = ANSWER.exec(answer)?.groups ?? {};
    if (safety === undefined) return undefined;
    const listed = names.split(',').map((name) => name.trim());
    const known = QWEN3_GUARD_CATEGORIES.filter((category) => listed.includes(category));
    // An answer that contradicts itself is none.
    if (safety === 'Safe') return names === 'None' ? { status: 'clear', flagged: [], scores: {} } : undefined;
    // Something is wrong and it does not say what: that is no pass.
    if (safety === 'Controversial' && known.length === 0) return { status: 'flagged', flagged: [], scores: {} };
    const scores: { [K in Qwen3GuardCategory]?: number } = {};
    for (const category of known) scores[category] = safety === 'Unsafe' ? 1 : 0.5;
    const report: Report<Qwen3GuardCategory> =
      safety === 'Unsafe' ? { status: 'flagged', flagged: known, scores } : { status: 'clear', flagged: [], scores };
    return report;
  },
  parameters: { temperature: 0 },
};
