/** What a regression is made from. */
export interface Sample {
  readonly signs: ArrayLike<number>;
  readonly truth: number;
  readonly weight: number;
}

/**
 * Logistic regression by Newton's method: a weight for each sign and a constant behind them. `penalty` keeps weights
 * small, in units of the spread of each sign.
 */
export function regress(samples: readonly Sample[], signs: number, penalty: number): Float64Array {
  const width = signs + 1;
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  const { means, spreads } = scaleOf(samples, signs, total);
  const weights = new Float64Array(width);
  const values = new Float64Array(width).fill(1);
  for (let round = 0; round < 25; round += 1) {
    const gradient = new Float64Array(width);
    const curvature = Array.from({ length: width }, () => new Float64Array(width));
    for (const sample of samples) {
      for (let at = 0; at < signs; at += 1) values[at] = (sample.signs[at]! - means[at]!) / spreads[at]!;
      let odds = 0;
      for (let at = 0; at < width; at += 1) odds += weights[at]! * values[at]!;
      const guess = 1 / (1 + Math.exp(-odds));
      const error = (sample.weight / total) * (guess - sample.truth);
      const spread = (sample.weight / total) * Math.max(1e-6, guess * (1 - guess));
      for (let row = 0; row < width; row += 1) {
        gradient[row]! += error * values[row]!;
        const line = curvature[row]!;
        const factor = spread * values[row]!;
        for (let column = 0; column <= row; column += 1) line[column]! += factor * values[column]!;
      }
    }
    for (let row = 0; row < width; row += 1)
      for (let column = row + 1; column < width; column += 1) curvature[row]![column] = curvature[column]![row]!;
    for (let at = 0; at < signs; at += 1) {
      gradient[at]! += penalty * weights[at]!;
      curvature[at]![at]! += penalty;
    }
    const step = solve(curvature, gradient);
    let largest = 0;
    for (let at = 0; at < width; at += 1) {
      const bounded = Math.max(-2, Math.min(2, step[at]!));
      weights[at]! -= bounded;
      largest = Math.max(largest, Math.abs(bounded));
    }
    if (largest < 1e-7) break;
  }
  const plain = new Float64Array(width);
  let constant = weights[signs]!;
  for (let at = 0; at < signs; at += 1) {
    const weight = weights[at]! / spreads[at]!;
    plain[at] = weight;
    constant -= weight * means[at]!;
  }
  plain[signs] = constant;
  return plain;
}

function scaleOf(
  samples: readonly Sample[],
  signs: number,
  total: number,
): { readonly means: Float64Array; readonly spreads: Float64Array } {
  const means = new Float64Array(signs);
  const spreads = new Float64Array(signs);
  for (const { signs: values, weight } of samples)
    for (let at = 0; at < signs; at += 1) means[at]! += (values[at]! * weight) / total;
  for (const { signs: values, weight } of samples)
    for (let at = 0; at < signs; at += 1) spreads[at]! += ((values[at]! - means[at]!) ** 2 * weight) / total;
  return { means, spreads: spreads.map((spread) => Math.sqrt(spread) || 1) };
}

/** Solves a set of linear equations by elimination. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const lines = matrix.map((line, row) => Float64Array.from([...line, right[row]!]));
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1)
      if (Math.abs(lines[row]![column]!) > Math.abs(lines[pivot]![column]!)) pivot = row;
    [lines[column], lines[pivot]] = [lines[pivot]!, lines[column]!];
    const line = lines[column]!;
    const divisor = line[column]! || 1e-12;
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = lines[row]![column]! / divisor;
      if (factor === 0) continue;
      for (let place = column; place <= size; place += 1) lines[row]![place]! -= factor * line[place]!;
    }
  }
  return Float64Array.from({ length: size }, (_, row) => lines[row]![size]! / (lines[row]![row]! || 1e-12));
}
