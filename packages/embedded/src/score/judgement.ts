import { CATEGORIES, type EmbeddedCategory } from '../categories.ts';
import type { Model } from '../model/model.ts';
import { SIGNS, type Evidence } from './evidence.ts';

/** The least and the most that log odds come to: scores of 0 and 1 would say that nothing is left to know. */
const SUREST = 14;

/** The scores that evidence comes to: by weights learnt for each category, and by rules where nothing was labelled. */
export function judge(evidence: Evidence, weights: Model['weights']): Record<EmbeddedCategory, number> {
  const scoreOf = (category: EmbeddedCategory): number => {
    const own = weights[category];
    let odds = own[SIGNS]!;
    for (let at = 0; at < SIGNS; at += 1) odds += evidence.signs[at]! * own[at]!;
    return 1 / (1 + Math.exp(-Math.max(-SUREST, Math.min(SUREST, odds))));
  };
  const scores = CATEGORIES.map((category) => [category, scoreOf(category)] as const);
  // Every category has an entry, which `fromEntries` cannot say.
  const found = Object.fromEntries(scores) as Record<EmbeddedCategory, number>;
  found['sexual/minors'] *= evidence.minors;
  found['violence/graphic'] = Math.sqrt(found['violence/graphic'] * evidence.gore);
  return found;
}
