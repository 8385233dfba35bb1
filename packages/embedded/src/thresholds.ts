import type { EmbeddedCategory } from './categories.ts';

/** How readily the moderator flags. */
export type Strictness = 'strict' | 'balanced' | 'lenient';

/** From which score on a category is flagged. Scores mean the same in every category, and so one number does. */
export const THRESHOLDS: Readonly<Record<Strictness, number>> = { strict: 0.35, balanced: 0.5, lenient: 0.7 };

/** What the moderator flags by itself. The others are scores, for a policy to rule on. */
export const FLAGGED: readonly EmbeddedCategory[] = [
  'harassment',
  'hate',
  'self-harm',
  'sexual',
  'sexual/minors',
  'violence',
];

/** Which categories of a text are flagged. */
export const flaggedIn = (
  scores: Readonly<Record<EmbeddedCategory, number>>,
  strictness: Strictness,
): readonly EmbeddedCategory[] => FLAGGED.filter((category) => scores[category] >= THRESHOLDS[strictness]);
