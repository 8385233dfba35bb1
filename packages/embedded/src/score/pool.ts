import { OUTPUTS } from '../model/outputs.ts';

/** Gathers the outputs of windows: for each output the mean of the two strongest, or the one that there is. */
export interface Pool {
  readonly add: (outputs: Float64Array) => void;
  readonly readInto: (values: Float64Array) => void;
}

export function createPool(): Pool {
  const first = new Float64Array(OUTPUTS.length).fill(-Infinity);
  const second = new Float64Array(OUTPUTS.length).fill(-Infinity);
  let windows = 0;
  return {
    add(outputs) {
      windows += 1;
      for (let at = 0; at < outputs.length; at += 1) {
        const value = outputs[at]!;
        if (value > first[at]!) {
          second[at] = first[at]!;
          first[at] = value;
        } else if (value > second[at]!) second[at] = value;
      }
    },
    readInto(values) {
      for (let at = 0; at < OUTPUTS.length; at += 1)
        values[at] = windows > 1 ? (first[at]! + second[at]!) / 2 : first[at]!;
    },
  };
}
