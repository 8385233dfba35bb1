import type { Model } from '../model/model.ts';
import { OUTPUTS } from '../model/outputs.ts';
import type { Reading } from './reader.ts';
import { shareOf } from './share.ts';

/** Calculates over a stretch of words that grows: what it has in common with a longer one is not added twice. */
export interface Calculator {
  /** Forgets what was added: the stretch begins, and so far ends, at this word. */
  readonly begin: (reading: Reading, at: number) => void;
  /** Adds the words up to this one. */
  readonly extend: (end: number) => void;
  /** Gives the outputs for the stretch, before the sigmoid. */
  readonly readInto: (outputs: Float64Array) => void;
}

const NONE = new Int32Array();
const NOTHING: Reading = {
  words: [],
  known: 0,
  pairs: NONE,
  skips: NONE,
  last: { words: NONE, pairs: NONE, skips: NONE },
};

/** It has one working memory: one stretch at a time. */
export function createCalculator(model: Model): Calculator {
  const { rows, hidden, outputBias, hiddenBias, hiddenToOutput } = model;
  const count = OUTPUTS.length;
  const width = count + hidden;
  const sums = new Float64Array(width);
  let counted = 0;
  let read = NOTHING;
  let first = 0;
  let next = 0;

  const add = (feature: number): void => {
    counted += 1;
    const base = feature * width;
    for (let column = 0; column < width; column += 1) sums[column]! += rows[base + column]!;
  };

  return {
    begin(reading, at) {
      counted = 0;
      sums.fill(0);
      read = reading;
      first = at;
      next = at;
    },
    extend(end) {
      const { words, pairs, skips, last } = read;
      for (; next < end; next += 1) {
        // Each word, pair and skip counts once in a stretch, however often it occurs.
        if (last.words[next]! < first) {
          const { sum, count: own } = words[next]!;
          counted += own;
          for (let column = 0; column < width; column += 1) sums[column]! += sum[column]!;
        }
        if (next > first && pairs[next]! >= 0 && last.pairs[next]! <= first) add(pairs[next]!);
        if (next > first + 1 && skips[next]! >= 0 && last.skips[next]! <= first + 1) add(skips[next]!);
      }
    },
    readInto(outputs) {
      const share = shareOf(counted);
      for (let output = 0; output < count; output += 1) outputs[output] = sums[output]! * share + outputBias[output]!;
      for (let unit = 0; unit < hidden; unit += 1) {
        const sum = sums[count + unit]! * share + hiddenBias[unit]!;
        if (sum <= 0) continue;
        const base = unit * count;
        for (let output = 0; output < count; output += 1) outputs[output]! += sum * hiddenToOutput[base + output]!;
      }
    },
  };
}
