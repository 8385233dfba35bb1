import type { Rules } from '@chaperone/core';

/** From which score on something is done. */
export interface Tiers {
  readonly warn: number;
  readonly review: number;
  readonly block: number;
}

/**
 * Scores of two moderators are not comparable, so each has numbers of its own. The embedded model flags from one half on,
 * in every category; with `thresholds: 'strict'` it would from 0.35 on.
 */
export const EMBEDDED_TIERS: Tiers = { warn: 0.25, review: 0.35, block: 0.5 };
export const OPENAI_TIERS: Tiers = { warn: 0.3, review: 0.5, block: 0.8 };

/** Two categories by their scores. Those that are not named are blocked where the moderator itself flags: the default. */
export function rulesOf(tiers: Tiers): Rules<'violence' | 'harassment'> {
  return { violence: tiers, harassment: tiers };
}

export function rulesInWords({ warn, review, block }: Tiers): string {
  return (
    `violence, harassment: warn from ${warn}, review from ${review}, block from ${block}; ` +
    'other categories: block where the moderator flags'
  );
}
