import { CATEGORIES, type EmbeddedCategory } from '../categories.ts';
import type { Calibration } from '../model/model.ts';
import { OUTPUTS } from '../model/outputs.ts';
import type { Evidence } from './evidence.ts';
import { FAMILIES, FAMILY_OF, isThreat, THREATS } from './families.ts';

/** The least and the most that log odds come to: scores of 0 and 1 would say that nothing is left to know. */
const SUREST = 14;

/**
 * A text is judged by two questions: is it harmful at all, and as what. How much the first counts for each category; and
 * how much a category loses to a stronger one, since what makes a text harmful mostly makes it harmful as one thing.
 */
const HARM = 0.5;
const RIVALRY = 0.6;

/** The scores that evidence comes to: by weights learnt for each category, and by rules where nothing was labelled. */
export function judge(evidence: Evidence, calibration: Calibration): Record<EmbeddedCategory, number> {
  const odds = oddsOf(evidence, calibration);
  const scores = CATEGORIES.map((category) => {
    const above = odds[category] - calibration.halves[category];
    return [category, 1 / (1 + Math.exp(-Math.max(-SUREST, Math.min(SUREST, above))))] as const;
  });
  // Every category has an entry, which `fromEntries` cannot say.
  const found = Object.fromEntries(scores) as Record<EmbeddedCategory, number>;
  for (const category of CATEGORIES) if (isThreat(category)) found[category] *= found[THREATS[category]];
  found['sexual/minors'] *= evidence.minors;
  found['violence/graphic'] = Math.sqrt(found['violence/graphic'] * evidence.gore);
  // What shows violence in detail is violent: the networks learnt violence from threats alone.
  found.violence = Math.max(found.violence, found['violence/graphic']);
  return found;
}

/** The log odds of each category, before rules and halves; of a threat, those that what is of its family threatens. */
export function oddsOf(
  { signs }: Evidence,
  { weights, harm }: Pick<Calibration, 'weights' | 'harm'>,
): Readonly<Record<EmbeddedCategory, number>> {
  const harmful = sumOf(signs, harm);
  const families = FAMILIES.map((family) => [family, sumOf(signs, weights[family])] as const);
  const strength: { readonly [category in EmbeddedCategory]?: number } = Object.fromEntries(families);
  const strongest = Math.max(...families.map(([, own]) => own));
  const odds = CATEGORIES.map((category) => {
    const own = sumOf(signs, weights[category]);
    const family = FAMILY_OF[category];
    const rival = family === undefined ? 0 : HARM * harmful - RIVALRY * (strongest - (strength[family] ?? strongest));
    return [category, own + rival] as const;
  });
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(odds) as Record<EmbeddedCategory, number>;
}

function sumOf(signs: Float64Array, weights: Float32Array): number {
  let sum = weights[OUTPUTS.length] ?? 0;
  for (let at = 0; at < OUTPUTS.length; at += 1) sum += (signs[at] ?? 0) * (weights[at] ?? 0);
  return sum;
}
