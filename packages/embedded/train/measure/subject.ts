import { CATEGORIES, type EmbeddedCategory } from '../../src/categories.ts';
import { loadModel } from '../../src/model/load.ts';
import { createScorer, type Scores } from '../../src/score/scorer.ts';
import { FLAGGED, THRESHOLDS, type Strictness } from '../../src/thresholds.ts';

/** What is measured: the model as it is shipped. */
export interface Subject {
  /** Scores of 0 where the text is taken for another language. */
  readonly scores: (text: string) => Scores;
  /** `undefined` where the text is taken for another language. */
  readonly judged: (text: string) => Scores | undefined;
  /** The highest score of what it flags. */
  readonly highest: (text: string) => number;
  readonly flags: (text: string, strictness?: Strictness) => boolean;
}

export async function createSubject(): Promise<Subject> {
  const scorer = createScorer(await loadModel());
  // Every category has an entry, which `fromEntries` cannot say.
  const none = Object.fromEntries(CATEGORIES.map((category) => [category, 0])) as Record<EmbeddedCategory, number>;
  const scores = (text: string): Scores => scorer.score(text) ?? none;
  const highest = (text: string): number => {
    const given = scores(text);
    return Math.max(...FLAGGED.map((category) => given[category]));
  };
  return {
    scores,
    judged: scorer.score,
    highest,
    flags: (text, strictness = 'balanced') => highest(text) >= THRESHOLDS[strictness],
  };
}
