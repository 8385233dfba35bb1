import { failed, unsupported, type Item, type Moderator, type Report } from '@chaperone/core';
import { CATEGORIES, type EmbeddedCategory } from './categories.ts';
import { isModelFileError } from './model/model-file-error.ts';
import { MODEL_REVISION } from './model/model-revision.ts';
import { loadScorer } from './load-scorer.ts';
import { readOptions, type EmbeddedOptions } from './options.ts';
import type { Explanation } from './score/explain.ts';
import type { Scorer } from './score/scorer.ts';
import { flaggedIn } from './thresholds.ts';

/** Judges in this process, by a model that comes with the package. */
export interface EmbeddedModerator extends Moderator<EmbeddedCategory> {
  /**
   * What weighed most in the scores of a text. For the developer alone: it holds words of the text.
   * @throws ModelFileError when the model is not whole.
   */
  readonly explain: (text: string) => Promise<Explanation>;
}

/** Changes with everything that turns the numbers of the model into scores. */
const RULES = '4';

/**
 * Scores English text in OpenAI's thirteen categories: no key, no network, some tens of microseconds a message. It is
 * not as good as a hosted model: see the README for how much. Text in another language is `unsupported`, never `clear`,
 * save where something in it is flagged as it would be in English.
 *
 * It flags harassment, hate, self-harm, sexual, sexual/minors and violence; the other categories have scores, for a
 * policy to rule on. Nothing is loaded before the first text.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function embedded(options: EmbeddedOptions = {}): EmbeddedModerator {
  const { thresholds, name } = readOptions(options);

  function judge(item: Item, scorer: Scorer): Report<EmbeddedCategory> {
    if (item.segment.text === undefined) return unsupported('kind');
    const { scores, isEnglish } = scorer.score((item.before ?? '') + item.segment.text);
    const flagged = flaggedIn(scores, thresholds);
    // What is found counts in whatever language: else a few foreign words would hide an English insult.
    if (!isEnglish && flagged.length === 0) return unsupported('language');
    return { status: flagged.length > 0 ? 'flagged' : 'clear', flagged, scores, model: scorer.model };
  }

  return {
    name,
    revision: `${RULES}:${MODEL_REVISION}:${thresholds}`,
    categories: CATEGORIES,
    inProcess: true,
    // The limits only keep one turn of the event loop short.
    batch: { items: 100, characters: 200_000 },
    async moderate(items, { signal }) {
      if (items.length === 0) return [];
      try {
        const scorer = await loadScorer();
        return items.map((item) => (signal.aborted ? failed('aborted') : judge(item, scorer)));
      } catch (error) {
        if (!isModelFileError(error)) throw error;
        return items.map(() => failed('unavailable', { detail: error.message }));
      }
    },
    async explain(text) {
      return (await loadScorer()).explain(text);
    },
  };
}
