import { CATEGORIES, type EmbeddedCategory } from '../src/categories.ts';
import { readModel, writeModel } from '../src/model/model-file.ts';
import { hashWord, wordFeature } from '../src/score/features.ts';
import { SIGNS } from '../src/score/evidence.ts';
import { createScorer, type Scorer } from '../src/score/scorer.ts';
import type { Weights } from './calibrate.ts';
import type { Lexicon } from './corpus.ts';
import type { Examples } from './examples.ts';
import { meanOf } from './mean.ts';
import { learn, type Network } from './network.ts';
import type { Progress } from './progress.ts';
import { indexOf, selectFeatures } from './select.ts';

/** What was measured to be worth its place: see the README of this folder. */
export const FEATURES = 26_000;
const HIDDEN = 12;
/** Several networks, each from another beginning, err less than one of the size of all. */
const SEEDS = [2, 3];

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
  size: number = FEATURES,
): Learnt {
  const tell = (epoch: number, done: number, loss: number): void =>
    progress.tell(`round ${epoch + 1}, ${Math.round(done * 100)} %, loss ${loss.toFixed(4)}`);
  const shared = { decay: 0, includes, progress: tell };
  const features = selectFeatures(examples, size, {
    ...shared,
    hidden: 0,
    epochs: 2,
    rate: 0.07,
    dropout: 0.2,
    seed: 1,
  });
  const company = { rows: companyOf(examples, includes), share: 0.2 };
  const index = indexOf(features);
  const networks = SEEDS.map((seed) =>
    learn(examples, index, features.length, {
      ...shared,
      hidden: HIDDEN,
      epochs: 3,
      rate: 0.05,
      dropout: 0.5,
      seed,
      company,
    }),
  );
  return { network: meanOf(networks), features };
}

/** The bytes of a model. */
export function bytesOf(
  name: string,
  { network, features }: Learnt,
  lexicon: Lexicon,
  weights: Weights = noWeights(),
): Uint8Array {
  const terms = new Map([...lexicon].map(([word, categories]) => [wordFeature(hashWord(word)), categories]));
  return writeModel({ name, features, ...network, lexicon: terms, weights });
}

/** Scores with what was learnt as it will be shipped, in bytes; without weights, only its evidence counts. */
export function scorerOf(learnt: Learnt, lexicon: Lexicon, weights?: Weights): Scorer {
  return createScorer(readModel(bytesOf('', learnt, lexicon, weights)));
}

function noWeights(): Weights {
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(CATEGORIES.map((category) => [category, new Float32Array(SIGNS + 1)])) as Record<
    EmbeddedCategory,
    Float32Array
  >;
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
