import { normalise } from '../src/text/normalise.ts';
import { wordsOf } from '../src/text/words.ts';
import { hashWord } from '../src/score/features.ts';
import { createFeatureReader, createVocabulary, type Lexicon } from './corpus.ts';
import type { Row } from './data.ts';
import { OUTPUTS as LABELS } from '../src/model/outputs.ts';

/** Rows as numbers: what a network learns from. Row `n` has the features from `starts[n]` to `starts[n + 1]`. */
export interface Examples {
  readonly count: number;
  readonly starts: Float64Array;
  readonly features: Int32Array;
  /** A bit for each label that is known. */
  readonly known: Uint16Array;
  /** A bit for each label that is true. */
  readonly positive: Uint16Array;
  readonly weights: Float32Array;
  /** 1: kept apart to choose by. */
  readonly isDevelopment: Uint8Array;
  readonly sources: readonly string[];
}

/** Longer texts are learnt from their beginning: that is where what they are labelled for mostly stands. */
const MOST_WORDS = 150;
const MOST_CHARACTERS = 1_000;

export function toExamples(
  rows: readonly Row[],
  lexicon: Lexicon,
  progress: (done: number) => void = () => {},
): Examples {
  const vocabulary = createVocabulary(lexicon);
  const read = createFeatureReader(vocabulary);
  const starts = new Float64Array(rows.length + 1);
  let features = new Int32Array(1 << 24);
  let size = 0;
  const known = new Uint16Array(rows.length);
  const positive = new Uint16Array(rows.length);
  const weights = new Float32Array(rows.length);
  const isDevelopment = new Uint8Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const text = normalise(row.text.slice(0, MOST_CHARACTERS));
    const words = Int32Array.from(wordsOf(text).slice(0, MOST_WORDS), (word) => vocabulary.add(word));
    read(words, (feature) => {
      if (size === features.length) {
        const larger = new Int32Array(size * 2);
        larger.set(features);
        features = larger;
      }
      features[size] = feature;
      size += 1;
    });
    starts[at + 1] = size;
    for (const [bit, label] of LABELS.entries()) {
      const value = row.labels[label];
      if (value === undefined) continue;
      known[at] = (known[at] ?? 0) | (1 << bit);
      if (value > 0) positive[at] = (positive[at] ?? 0) | (1 << bit);
    }
    weights[at] = row.weight;
    isDevelopment[at] = isForDevelopment(row.text) ? 1 : 0;
    if (at % 5_000 === 0) progress(at);
  }
  return {
    count: rows.length,
    starts,
    features: features.subarray(0, size),
    known,
    positive,
    weights,
    isDevelopment,
    sources: rows.map(({ source }) => source),
  };
}

/** One text in ten, whichever file it stands in. */
const isForDevelopment = (text: string): boolean => (hashWord(text.trim().toLowerCase()) >>> 8) % 10 === 0;
