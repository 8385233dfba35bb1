import type { Calibration } from '../src/model/model.ts';
import { readModel, writeModel } from '../src/model/model-file.ts';
import { hashWord, wordFeature } from '../src/score/features.ts';
import { createScorer, type Scorer } from '../src/score/scorer.ts';
import { uncalibrated } from './calibrate.ts';
import type { Lexicon } from './corpus.ts';
import type { Examples } from './examples.ts';
import { meanOf } from './mean.ts';
import { learn, type Network } from './network.ts';
import type { Progress } from './progress.ts';
import { firstOf, indexOf, rankFeatures } from './select.ts';

export const FEATURES = 26_000;
const HIDDEN = 12;
/** Several networks, each from another beginning, err less than one of the size of all. */
const SEEDS = [2, 3, 4, 5];

/** Files that were written to be hard: there is more to learn from a row of theirs. */
const HARD: ReadonlySet<string> = new Set(['dynahate', 'hatemoji_build']);
const HARD_WEIGHT = 3;

/** A network, and the features that it knows. */
export interface Learnt {
  readonly network: Network;
  readonly features: Uint32Array;
}

/** Chooses features and learns from the rows that are included. */
export function learnFrom(
  examples: Examples,
  includes: (row: number) => boolean,
  progress: Progress,
  wanted: number = FEATURES,
): Learnt {
  const tell = (epoch: number, done: number, loss: number): void =>
    progress.tell(`round ${epoch + 1}, ${Math.round(done * 100)} %, loss ${loss.toFixed(4)}`);
  const shared = { decay: 0, includes, progress: tell };
  const ranked = rankFeatures(examples, { ...shared, hidden: 0, epochs: 2, rate: 0.07, dropout: 0.2, seed: 1 });
  const options = {
    ...shared,
    hidden: HIDDEN,
    epochs: 3,
    rate: 0.05,
    dropout: 0.4,
    company: { rows: companyOf(examples, includes), share: 0.35 },
    weightOf: (row: number) => (HARD.has(examples.sources[row] ?? '') ? HARD_WEIGHT : 1),
  };
  const features = firstOf(ranked, wanted);
  const index = indexOf(features);
  const networks = SEEDS.map((seed) => learn(examples, index, features.length, { ...options, seed }));
  return { network: meanOf(networks), features };
}

/** The bytes of a model. */
export function bytesOf(
  name: string,
  { network, features }: Learnt,
  lexicon: Lexicon,
  calibration: Calibration = uncalibrated(),
): Uint8Array {
  const terms = new Map([...lexicon].map(([word, categories]) => [wordFeature(hashWord(word)), categories]));
  return writeModel({ name, features, ...network, lexicon: terms, calibration });
}

/** Scores with what was learnt as it will be shipped, in bytes; without calibration, only its evidence counts. */
export function scorerOf(learnt: Learnt, lexicon: Lexicon, calibration?: Calibration): Scorer {
  return createScorer(readModel(bytesOf('', learnt, lexicon, calibration)));
}

/** Rows that are known to be harmless in every respect, and are written like ordinary text. */
function companyOf(examples: Examples, includes: (row: number) => boolean): Int32Array {
  return Int32Array.from({ length: examples.count }, (_, row) => row).filter(
    (row) =>
      includes(row) &&
      examples.known[row] === ALL &&
      examples.positive[row] === 0 &&
      !UNLIKE_TEXT.has(examples.sources[row] ?? ''),
  );
}

/** Every label is known. */
const ALL = 0b111_1111_1111;

/** Commands, questions of one form, and sentences made by template. */
const UNLIKE_TEXT: ReadonlySet<string> = new Set(['nl2bash_benign', 'medquad_q_benign', 'jigsaw_madlibs', 'templates']);
