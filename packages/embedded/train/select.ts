import { OUTPUTS } from '../src/model/outputs.ts';
import { FEATURE_BITS } from '../src/score/features.ts';
import type { Examples } from './examples.ts';
import { learn, type LearnOptions } from './network.ts';

/** How often a feature must occur to be looked at. */
const RARE = 3;

/**
 * The features by what they are worth, best first: by the greatest of their weights in a linear model of all of them,
 * where one that occurs often counts for more.
 */
export function rankFeatures(examples: Examples, options: LearnOptions): Uint32Array {
  const counts = new Int32Array(1 << FEATURE_BITS);
  for (let at = 0; at < examples.features.length; at += 1) counts[examples.features[at]!]! += 1;
  const index = new Int32Array(1 << FEATURE_BITS).fill(-1);
  const common: number[] = [];
  for (let feature = 0; feature < counts.length; feature += 1) {
    if (counts[feature]! < RARE) continue;
    index[feature] = common.length;
    common.push(feature);
  }
  const { rows } = learn(examples, index, common.length, options);
  const worth = Float64Array.from(common, (feature, at) => {
    let largest = 0;
    for (const [output, name] of OUTPUTS.entries()) {
      const weight = Math.abs(rows[at * OUTPUTS.length + output]!);
      largest = Math.max(largest, name === 'toxic' ? weight / 2 : weight);
    }
    return largest * counts[feature]! ** 0.25;
  });
  const best = common.map((_, at) => at).toSorted((one, other) => worth[other]! - worth[one]! || one - other);
  return Uint32Array.from(best, (at) => common[at]!);
}

/** So many of the best, in ascending order. */
export const firstOf = (ranked: Uint32Array, wanted: number): Uint32Array => ranked.slice(0, wanted).toSorted();

/** The place of each feature in a list; −1: not in it. */
export function indexOf(features: Uint32Array): Int32Array {
  const index = new Int32Array(1 << FEATURE_BITS).fill(-1);
  for (const [at, feature] of features.entries()) index[feature] = at;
  return index;
}
