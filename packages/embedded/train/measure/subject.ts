import { CATEGORIES, type EmbeddedCategory } from '../../src/categories.ts';
import { loadModel } from '../../src/model/load.ts';
import { createScorer, type Scores } from '../../src/score/scorer.ts';
import { FLAGGED, flaggedIn, type Strictness } from '../../src/thresholds.ts';

/** What is measured: the model as it is shipped. */
export interface Subject {
  /** Scores of 0 where it does not judge the text. */
  readonly scores: (text: string) => Scores;
  /** `undefined` where it does not judge the text: in another language, and nothing in it is flagged. */
  readonly judged: (text: string) => Scores | undefined;
  readonly isEnglish: (text: string) => boolean;
  /** The highest score of what it flags. */
  readonly highest: (text: string) => number;
  readonly flags: (text: string, strictness?: Strictness) => boolean;
}

export async function createSubject(): Promise<Subject> {
  const scorer = createScorer(await loadModel());
  // Every category has an entry, which `fromEntries` cannot say.
  const none = Object.fromEntries(CATEGORIES.map((category) => [category, 0])) as Record<EmbeddedCategory, number>;
  const highestOf = (scores: Scores): number => Math.max(...FLAGGED.map((category) => scores[category]));
  const judged = (text: string): Scores | undefined => {
    const { scores, isEnglish } = scorer.score(text);
    return isEnglish || flaggedIn(scores, 'balanced').length > 0 ? scores : undefined;
  };
  const scores = (text: string): Scores => judged(text) ?? none;
  return {
    scores,
    judged,
    isEnglish: (text) => scorer.score(text).isEnglish,
    highest: (text) => highestOf(scores(text)),
    flags: (text, strictness = 'balanced') => flaggedIn(scorer.score(text).scores, strictness).length > 0,
  };
}
