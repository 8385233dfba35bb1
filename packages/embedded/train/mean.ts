import { OUTPUTS } from '../src/model/outputs.ts';
import type { Network } from './network.ts';

/** One network that gives the mean of what several give: its hidden layer is all of theirs, side by side. */
export function meanOf(networks: readonly Network[]): Network {
  const share = 1 / networks.length;
  const hidden = networks.reduce((sum, each) => sum + each.hidden, 0);
  const outputs = OUTPUTS.length;
  const size = (networks[0]?.rows.length ?? 0) / (outputs + (networks[0]?.hidden ?? 0));
  const rows = new Float32Array(size * (outputs + hidden));
  const outputBias = new Float32Array(outputs);
  let at = outputs;
  for (const network of networks) {
    const width = outputs + network.hidden;
    for (let row = 0; row < size; row += 1) {
      const to = row * (outputs + hidden);
      for (let output = 0; output < outputs; output += 1)
        rows[to + output]! += network.rows[row * width + output]! * share;
      for (let unit = 0; unit < network.hidden; unit += 1)
        rows[to + at + unit] = network.rows[row * width + outputs + unit]!;
    }
    for (let output = 0; output < outputs; output += 1) outputBias[output]! += network.outputBias[output]! * share;
    at += network.hidden;
  }
  return {
    hidden,
    rows,
    outputBias,
    hiddenBias: Float32Array.from(networks.flatMap((network) => [...network.hiddenBias])),
    hiddenToOutput: Float32Array.from(
      networks.flatMap((network) => Array.from(network.hiddenToOutput, (weight) => weight * share)),
    ),
  };
}
