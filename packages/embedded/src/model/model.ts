import type { EmbeddedCategory } from '../categories.ts';

/** How evidence becomes scores. Each list of weights has a number for every output, and a constant more. */
export interface Calibration {
  readonly weights: Readonly<Record<EmbeddedCategory, Float32Array>>;
  /** Weights for harm of whatever kind. */
  readonly harm: Float32Array;
  /** The log odds at which each category has a score of one half. */
  readonly halves: Readonly<Record<EmbeddedCategory, number>>;
}

/** What was learnt, as it is calculated with. */
export interface Model {
  /** The name that reports carry: it says when it was trained. */
  readonly name: string;
  /** The rows of the network, by the number of a feature: outputs first, then hidden units. */
  readonly rows: Float32Array;
  readonly hidden: number;
  readonly outputBias: Float32Array;
  readonly hiddenBias: Float32Array;
  readonly hiddenToOutput: Float32Array;
  /** The number of a feature; −1: the model does not know it. */
  readonly numberOf: (feature: number) => number;
  readonly calibration: Calibration;
  /** The categories of the lexicon that a word stands in, by the feature that the word is. */
  readonly lexicon: ReadonlyMap<number, readonly number[]>;
}
