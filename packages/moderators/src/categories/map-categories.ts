import { ConfigurationError, type Moderator, type Report } from '@chaperone/core';
import type { Pinged } from '../connection/pinged.ts';
import { CATEGORIES, WIDER, type Concept, type TaxonomyName } from './categories.ts';

/** From which taxonomy into which. */
export interface Mapping {
  readonly from: TaxonomyName;
  readonly to: TaxonomyName;
}

/**
 * The category of another taxonomy that is nearest to one: the same, or a wider one. A name that is not in the taxonomy,
 * or has nothing like it in the other, stays as it is.
 * @example nearestCategory('S10', { from: 'mlcommons', to: 'openai' }) // 'hate'
 */
export function nearestCategory(category: string, { from, to }: Mapping): string {
  const known = CATEGORIES[from].categories;
  if (!Object.hasOwn(known, category)) return category;
  const target = Object.entries(CATEGORIES[to].categories);
  const concepts = new Set<Concept | undefined>([known[category]?.concept]);
  // A set can grow while it is gone through: the nearest come first, and none comes twice.
  for (const concept of concepts) {
    const [match] = target.find(([, description]) => description.concept === concept) ?? [];
    if (match !== undefined) return match;
    for (const wider of (concept && WIDER[concept]) ?? []) concepts.add(wider);
  }
  return category;
}

/**
 * The same moderator, speaking another taxonomy: one policy then does for moderators of several vendors. Where several
 * categories come to one, it has the highest of their scores, and none where one of them was flagged without: that counts
 * as 1. Scores stay the moderator's own: thresholds that were made for another one's do not apply to them.
 * @throws ConfigurationError when a taxonomy is none of those known, and for a moderator that is made of others: map its
 * members.
 */
export function mapCategories(
  moderator: Moderator & Partial<Pinged>,
  { from, to }: Mapping,
): Moderator & Partial<Pinged> {
  for (const [path, name] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (!Object.hasOwn(CATEGORIES, name))
      throw new ConfigurationError(`mapCategories.${path}`, `must be one of ${Object.keys(CATEGORIES).join(', ')}`);
  // It would hand on what its members said, in their own words.
  if (moderator.members !== undefined)
    throw new ConfigurationError(
      'mapCategories.moderator',
      'is made of others: map its members, as in quorum(2, [mapCategories(one, mapping), other])',
    );
  const map = (category: string): string => nearestCategory(category, { from, to });
  const { kinds, reads, span, maxCharacters, inProcess, batch } = moderator;
  // One by one: a class has what a spread would leave behind.
  return {
    name: moderator.name,
    revision: JSON.stringify([moderator.revision ?? null, from, to]),
    categories: [...new Set(moderator.categories.map(map))],
    ...(kinds && { kinds }),
    ...(reads && { reads }),
    ...(span !== undefined && { span }),
    ...(maxCharacters !== undefined && { maxCharacters }),
    ...(inProcess !== undefined && { inProcess }),
    ...(batch && { batch }),
    ...(moderator.partition && { partition: moderator.partition.bind(moderator) }),
    ...(moderator.ping && { ping: moderator.ping.bind(moderator) }),
    moderate: async (items, options) =>
      (await moderator.moderate(items, options)).map((report) => translate(report, map)),
  };
}

function translate(report: Report, map: (category: string) => string): Report {
  if (report.status !== 'clear' && report.status !== 'flagged') return report;
  const scores = new Map<string, number>();
  for (const [category, score] of Object.entries(report.scores))
    if (score !== undefined) scores.set(map(category), Math.max(score, scores.get(map(category)) ?? 0));
  // A flag without a score counts as 1: the lower score of another category must not stand in for it.
  for (const category of report.flagged) if (report.scores[category] === undefined) scores.delete(map(category));
  const applied = new Map<string, readonly ('text' | 'image')[]>();
  for (const [category, parts] of Object.entries(report.appliedTo ?? {}))
    applied.set(map(category), [...new Set([...(applied.get(map(category)) ?? []), ...(parts ?? [])])]);
  return {
    ...report,
    flagged: [...new Set(report.flagged.map(map))],
    scores: Object.fromEntries(scores),
    ...(report.appliedTo && { appliedTo: Object.fromEntries(applied) }),
  };
}
