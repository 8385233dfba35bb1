import { CATEGORIES, type EmbeddedCategory } from '../categories.ts';
import type { Model } from '../model/model.ts';
import { isEnglish } from '../text/language.ts';
import { normalise } from '../text/normalise.ts';
import { wordsOf } from '../text/words.ts';
import { createCalculator } from './calculate.ts';
import { weigh, type Evidence } from './evidence.ts';
import { explain, type Explanation } from './explain.ts';
import { judge } from './judgement.ts';
import { createReader, type Reading } from './reader.ts';
import { namesMinorAge } from './rules.ts';

/** A score for every category, from 0 to 1. */
export type Scores = Readonly<Record<EmbeddedCategory, number>>;

/** What a text has, read as English. */
export interface Scored {
  readonly scores: Scores;
  /** `false`: it is in another language, and only what looks like English was seen. */
  readonly isEnglish: boolean;
}

/** What judges texts by a model: one at a time, without waiting. */
export interface Scorer {
  /** The name of the model. */
  readonly model: string;
  readonly score: (text: string) => Scored;
  readonly explain: (text: string) => Explanation;
  /** What the text has of everything that scores are made of, in whatever language. */
  readonly weigh: (text: string) => Evidence;
}

export interface ScorerOptions {
  /** Hidden words are put right before they are read. Default `true`; without, to measure what that is worth. */
  readonly normalises?: boolean;
}

/** A text, taken apart. */
interface Taken {
  readonly text: string;
  readonly words: readonly string[];
  readonly reading: Reading;
}

export function createScorer(model: Model, { normalises = true }: ScorerOptions = {}): Scorer {
  const read = createReader(model, normalises);
  const calculator = createCalculator(model);

  const take = (given: string): Taken => {
    const text = normalises ? normalise(given) : given.toLowerCase();
    const words = normalises ? wordsOf(text) : (text.match(/[\p{L}']+/gu) ?? []);
    return { text, words, reading: read(words) };
  };
  const scored = ({ text, words, reading }: Taken): Scored => ({
    scores: judge(weigh(calculator, reading, namesMinorAge(text)), model.calibration),
    isEnglish: isEnglish(text, words, reading.known),
  });

  return {
    model: model.name,
    score(given) {
      return scored(take(given));
    },
    explain(given) {
      const taken = take(given);
      const isMinorNamed = namesMinorAge(taken.text);
      return explain(
        taken.words,
        scored(taken),
        (some) => judge(weigh(calculator, read(some), isMinorNamed), model.calibration),
        CATEGORIES,
      );
    },
    weigh(given) {
      const { text, reading } = take(given);
      return weigh(calculator, reading, namesMinorAge(text));
    },
  };
}
