import { shareOf } from '../src/score/share.ts';
import type { Examples } from './examples.ts';
import { OUTPUTS as LABELS } from '../src/model/outputs.ts';
import { createRandom, shuffled } from './random.ts';

/** A network: each feature adds a row to a sum; the sum's first part is the outputs, its second a hidden layer. */
export interface Network {
  readonly hidden: number;
  /** A row for each feature: as many numbers as there are outputs, then as many as there are hidden units. */
  readonly rows: Float32Array;
  readonly outputBias: Float32Array;
  readonly hiddenBias: Float32Array;
  /** What a hidden unit adds to the outputs, unit by unit. */
  readonly hiddenToOutput: Float32Array;
}

export interface LearnOptions {
  readonly hidden: number;
  readonly epochs: number;
  readonly rate: number;
  readonly hiddenRate?: number;
  /** The penalty on a weight, at each step. */
  readonly decay: number;
  /** The share of features that a step leaves out. */
  readonly dropout: number;
  /** The share of hidden units that a step leaves out. */
  readonly hiddenDropout?: number;
  readonly seed: number;
  /** Rows that are harmless in every respect, and how often one of them stands beside a row that is learnt. */
  readonly company?: { readonly rows: Int32Array; readonly share: number };
  /** The weight of a row in learning, for one of its labels. */
  readonly weightOf?: (row: number, label: number) => number;
  readonly includes: (row: number) => boolean;
  readonly start?: Network;
  readonly progress?: (epoch: number, done: number, loss: number) => void;
}

const OUTPUTS = LABELS.length;

/**
 * Learns by AdaGrad, a row at a time. `index` says which number a feature has in the network; −1: none.
 */
export function learn(examples: Examples, index: Int32Array, size: number, options: LearnOptions): Network {
  const {
    hidden,
    epochs,
    rate,
    hiddenRate = rate,
    decay,
    dropout,
    hiddenDropout = 0,
    seed,
    includes,
    weightOf,
    company,
    progress,
  } = options;
  const width = OUTPUTS + hidden;
  const random = createRandom(seed);
  const rows = options.start?.rows.slice() ?? new Float32Array(size * width);
  if (!options.start && hidden > 0)
    for (let row = 0; row < size; row += 1)
      for (let unit = OUTPUTS; unit < width; unit += 1) rows[row * width + unit] = (random() - 0.5) * 0.2;
  const outputBias = options.start?.outputBias.slice() ?? new Float32Array(OUTPUTS).fill(-3);
  const hiddenBias = options.start?.hiddenBias.slice() ?? new Float32Array(hidden).fill(0.1);
  const hiddenToOutput =
    options.start?.hiddenToOutput.slice() ??
    Float32Array.from({ length: hidden * OUTPUTS }, () => (random() - 0.5) * 0.5);
  const rowSquares = new Float32Array(size * width).fill(0.02);
  const biasSquares = new Float32Array(OUTPUTS).fill(1);
  const hiddenBiasSquares = new Float32Array(hidden).fill(0.1);
  const matrixSquares = new Float32Array(hidden * OUTPUTS).fill(0.5);
  const sums = new Float64Array(width);
  const active = new Float64Array(hidden);
  const errors = new Float64Array(width);
  const numbers = new Int32Array(1 << 14);
  const order = shuffled(examples.count, random);

  /** Adds the features of a row that the network knows to `numbers`, and says how many there are then. */
  const gather = (row: number, before: number): number => {
    let count = before;
    const end = examples.starts[row + 1] ?? 0;
    for (let place = examples.starts[row] ?? 0; place < end && count < numbers.length; place += 1) {
      const number = index[examples.features[place] ?? 0] ?? -1;
      if (number < 0 || (dropout > 0 && random() < dropout)) continue;
      numbers[count] = number;
      count += 1;
    }
    return count;
  };

  for (let epoch = 0; epoch < epochs; epoch += 1) {
    let loss = 0;
    let seen = 0;
    for (let turn = 0; turn < order.length; turn += 1) {
      const at = order[turn] ?? 0;
      if (!includes(at)) continue;
      let count = gather(at, 0);
      if (company && random() < company.share)
        count = gather(company.rows[Math.floor(random() * company.rows.length)] ?? at, count);
      const share = shareOf(count);
      sums.fill(0);
      for (let place = 0; place < count; place += 1) {
        const base = (numbers[place] ?? 0) * width;
        for (let unit = 0; unit < width; unit += 1) sums[unit]! += rows[base + unit]!;
      }
      for (let unit = 0; unit < hidden; unit += 1) {
        const sum = sums[OUTPUTS + unit]! * share + hiddenBias[unit]!;
        active[unit] = sum > 0 && !(hiddenDropout > 0 && random() < hiddenDropout) ? sum / (1 - hiddenDropout) : 0;
      }
      const known = examples.known[at] ?? 0;
      const positive = examples.positive[at] ?? 0;
      const weight = examples.weights[at] ?? 1;
      errors.fill(0);
      for (let label = 0; label < OUTPUTS; label += 1) {
        if ((known & (1 << label)) === 0) continue;
        let score = sums[label]! * share + outputBias[label]!;
        for (let unit = 0; unit < hidden; unit += 1) score += active[unit]! * hiddenToOutput[unit * OUTPUTS + label]!;
        const truth = (positive & (1 << label)) === 0 ? 0 : 1;
        const guess = 1 / (1 + Math.exp(-score));
        const counts = weight * (weightOf?.(at, label) ?? 1);
        errors[label] = (guess - truth) * counts;
        loss -= counts * Math.log(Math.max(1e-7, truth === 1 ? guess : 1 - guess));
      }
      for (let unit = 0; unit < hidden; unit += 1) {
        if (active[unit]! <= 0) continue;
        let error = 0;
        for (let label = 0; label < OUTPUTS; label += 1) {
          const outward = errors[label]!;
          if (outward === 0) continue;
          const place = unit * OUTPUTS + label;
          error += outward * hiddenToOutput[place]!;
          const gradient = outward * active[unit]!;
          matrixSquares[place]! += gradient * gradient;
          hiddenToOutput[place]! -= (hiddenRate * gradient) / Math.sqrt(matrixSquares[place]!);
        }
        error /= 1 - hiddenDropout;
        errors[OUTPUTS + unit] = error;
        hiddenBiasSquares[unit]! += error * error;
        hiddenBias[unit]! -= (hiddenRate * error) / Math.sqrt(hiddenBiasSquares[unit]!);
      }
      for (let label = 0; label < OUTPUTS; label += 1) {
        const error = errors[label]!;
        if (error === 0) continue;
        biasSquares[label]! += error * error;
        outputBias[label]! -= (rate * error) / Math.sqrt(biasSquares[label]!);
      }
      for (let unit = 0; unit < width; unit += 1) {
        const error = errors[unit]! * share;
        if (Math.abs(error) < 1e-5) continue;
        const step = unit < OUTPUTS ? rate : hiddenRate;
        for (let place = 0; place < count; place += 1) {
          const base = numbers[place]! * width + unit;
          const gradient = error + decay * rows[base]!;
          const squares = rowSquares[base]! + gradient * gradient;
          rowSquares[base] = squares;
          rows[base]! -= (step * gradient) / Math.sqrt(squares);
        }
      }
      seen += 1;
      if (seen % 10_000 === 0) progress?.(epoch, turn / order.length, loss / seen);
    }
    progress?.(epoch, 1, loss / seen);
  }
  return { hidden, rows, outputBias, hiddenBias, hiddenToOutput };
}

/** The outputs for each example, before the sigmoid: `LABELS.length` numbers each. */
export function predict(
  network: Network,
  examples: Examples,
  index: Int32Array,
  includes: (row: number) => boolean,
): Float32Array {
  const { hidden, rows, outputBias, hiddenBias, hiddenToOutput } = network;
  const width = OUTPUTS + hidden;
  const scores = new Float32Array(examples.count * OUTPUTS);
  const sums = new Float64Array(width);
  for (let at = 0; at < examples.count; at += 1) {
    if (!includes(at)) continue;
    sums.fill(0);
    let count = 0;
    const end = examples.starts[at + 1] ?? 0;
    for (let place = examples.starts[at] ?? 0; place < end; place += 1) {
      const number = index[examples.features[place] ?? 0] ?? -1;
      if (number < 0) continue;
      count += 1;
      for (let unit = 0; unit < width; unit += 1) sums[unit]! += rows[number * width + unit]!;
    }
    const share = shareOf(count);
    for (let label = 0; label < OUTPUTS; label += 1) {
      let score = sums[label]! * share + outputBias[label]!;
      for (let unit = 0; unit < hidden; unit += 1) {
        const sum = sums[OUTPUTS + unit]! * share + hiddenBias[unit]!;
        if (sum > 0) score += sum * hiddenToOutput[unit * OUTPUTS + label]!;
      }
      scores[at * OUTPUTS + label] = score;
    }
  }
  return scores;
}
