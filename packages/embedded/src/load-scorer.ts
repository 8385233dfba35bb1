import { loadModel } from './model/load.ts';
import { createScorer, type Scorer } from './score/scorer.ts';

let loading: Promise<Scorer> | undefined;

/** One for all moderators of the process: it has a working memory, and never waits in the middle of a text. */
export function loadScorer(): Promise<Scorer> {
  loading ??= loadModel().then(createScorer);
  return loading;
}
