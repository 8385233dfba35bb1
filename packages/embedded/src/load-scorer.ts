import { loadModel } from './model/load.ts';
import { createScorer, type Scorer } from './score/scorer.ts';

let loading: Promise<Scorer> | undefined;

/** One for all moderators of the process: it has a working memory, and never waits in the middle of a text. */
export function loadScorer(): Promise<Scorer> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Scorer> {
  try {
    return createScorer(await loadModel());
  } catch (error) {
    // A page may have lost its connection on the way: the next text tries again.
    loading = undefined;
    throw error;
  }
}
