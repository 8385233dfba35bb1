import { strictest, type Action } from './decision.ts';
import type { Threshold } from './policy.ts';

/** What a rule amounts to, the strictest first. */
export type Tiers = readonly (readonly [action: Exclude<Action, 'allow'>, threshold: Threshold])[];

/** The tier that a category meets with its score and its flag. A flag without a score counts as score 1. */
export function tierFor(tiers: Tiers, score: number | undefined, isFlagged: boolean): Tiers[number] | undefined {
  const counted = score ?? (isFlagged ? 1 : undefined);
  return tiers.find(([, threshold]) =>
    threshold === 'flag' ? isFlagged : counted !== undefined && counted >= threshold,
  );
}

/** Whether one rule never does less than another, whatever a moderator reports. */
export function isAsStrict(one: Tiers, other: Tiers): boolean {
  // Between two thresholds nothing changes, so what holds at each of them and at 0 holds everywhere.
  const scores = [0, ...[...one, ...other].flatMap(([, threshold]) => (threshold === 'flag' ? [] : [threshold]))];
  return scores.every((score) =>
    [false, true].every((isFlagged) => {
      const does = (tiers: Tiers): Action => tierFor(tiers, score, isFlagged)?.[0] ?? 'allow';
      return strictest([does(one), does(other)]) === does(one);
    }),
  );
}
