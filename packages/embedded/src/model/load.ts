import { decode } from './decode.ts';
import { readModel } from './model-file.ts';
import type { Model } from './model.ts';

/** Reads the model that comes with the package: some milliseconds, and four megabytes of memory. */
export async function loadModel(): Promise<Model> {
  // Here, not above: what only imports the package does not pay for it.
  const { WEIGHTS } = await import('./weights.ts');
  return readModel(decode(WEIGHTS));
}
