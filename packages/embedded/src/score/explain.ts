import type { EmbeddedCategory } from '../categories.ts';
import type { Scored, Scores } from './scorer.ts';

/** What one word of a text weighed. */
export interface Weight {
  /** As the model reads it. */
  readonly word: string;
  /** By how much the score would be lower without it; below 0: higher. */
  readonly weight: number;
}

/** Why a text has the scores that it has. It holds words of the text: nothing for a log. */
export interface Explanation extends Scored {
  /** The category with the highest score, which the weights speak of. */
  readonly category: EmbeddedCategory;
  /** The words that weighed most, first. */
  readonly weights: readonly Weight[];
}

/** How many words an explanation names. */
const MOST = 10;
/** Words of a long text are left out one by one: so many of them. */
const TRIED = 400;

/** Leaves out one word after the other and looks what that changes. */
export function explain(
  words: readonly string[],
  { scores, isEnglish }: Scored,
  scoresOf: (words: readonly string[]) => Scores,
  categories: readonly EmbeddedCategory[],
): Explanation {
  const category = categories.reduce(
    (best, each) => (scores[each] > scores[best] ? each : best),
    categories[0] ?? 'harassment',
  );
  const weights = [...new Set(words.slice(0, TRIED))]
    .map((word) => ({ word, weight: scores[category] - scoresOf(words.filter((each) => each !== word))[category] }))
    .toSorted((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
    .slice(0, MOST);
  return { scores, isEnglish, category, weights };
}
