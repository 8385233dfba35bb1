import { clear, flag } from '@chaperone/core';
import type { Judge } from '../judge.ts';
import { turnsOf } from '../turns.ts';

/** The hazards of Llama Guard 3 and 4: MLCommons' thirteen, and the abuse of code interpreters. */
export const LLAMA_GUARD_CATEGORIES = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S7',
  'S8',
  'S9',
  'S10',
  'S11',
  'S12',
  'S13',
  'S14',
] as const;

export type LlamaGuardCategory = (typeof LLAMA_GUARD_CATEGORIES)[number];

const ANSWER = /^\s*(?:safe|unsafe(?:\s*\n\s*(?<codes>S\d{1,2}(?:\s*,\s*S\d{1,2})*))?)\s*$/;

/**
 * Llama Guard 3 or 4, after their model cards: the server's chat template asks about the last message; the answer is
 * `safe`, or `unsafe` and a line of codes. It gives no scores.
 */
export const llamaGuard: Judge<LlamaGuardCategory> = {
  name: 'llama-guard',
  revision: 'llama-guard 2',
  categories: LLAMA_GUARD_CATEGORIES,
  reads: 'conversation',
  ask: turnsOf,
  read(answer) {
    const match = ANSWER.exec(answer);
    if (!match) return undefined;
    if (answer.trim() === 'safe') return clear();
    const codes = match.groups?.['codes']?.split(',').map((code) => code.trim()) ?? [];
    const known = LLAMA_GUARD_CATEGORIES.filter((category) => codes.includes(category));
    // A code beyond the known ones is a flag all the same.
    return flag(known);
  },
  parameters: { temperature: 0 },
};
