import { createRandom } from './random.ts';

/** Between what a figure lies, in 95 of 100 samples of the same size. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const ROUNDS = 1_000;

/** Draws rows again and again, with repetition, and looks how much a figure of them moves. */
export function bootstrap(rows: number, figure: (drawn: Int32Array) => number, rounds: number = ROUNDS): Interval {
  const random = createRandom(2026);
  const drawn = new Int32Array(rows);
  const figures: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < rows; at += 1) drawn[at] = Math.floor(random() * rows);
    const value = figure(drawn);
    if (!Number.isNaN(value)) figures.push(value);
  }
  const sorted = figures.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { low: at(0.025), high: at(0.975) };
}
