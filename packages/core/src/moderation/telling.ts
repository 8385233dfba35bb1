import type { EventHub } from '../events.ts';
import type { Stage } from './moderator.ts';
import { isJudged, type Failed, type Verdict } from './verdict.ts';

/** Tells what becomes of a moderator: each of its failures, and that another model answers. */
export interface Telling {
  /** Failures that came together; each reason is told once, with how many items it befell. */
  failed(failures: readonly Failure[]): void;
  answered(verdicts: readonly Verdict[]): void;
}

/** A failure, and where. */
export interface Failure {
  readonly verdict: Failed;
  readonly stage: Stage;
}

/** Sentences for the operator that were said already. More than this no service has. */
const MOST_SAID = 100;

export function createTelling(events: EventHub): Telling {
  const said = new Set<string>();
  let model: string | undefined;
  return {
    failed(failures) {
      for (const alike of Map.groupBy(failures, ({ verdict, stage }) => `${stage} ${verdict.reason}`).values()) {
        const [first] = alike;
        if (!first) continue;
        const { stage, verdict } = first;
        const { moderator, reason, retryAfterMs, detail } = verdict;
        events.tell('moderator-failed', {
          moderator,
          stage,
          reason,
          items: alike.length,
          ...(retryAfterMs !== undefined && { retryAfterMs }),
          ...(detail !== undefined && { detail }),
        });
        // What will not pass by itself is said where it is seen, and said once.
        if (retryAfterMs !== undefined || detail === undefined || said.has(detail) || said.size >= MOST_SAID) continue;
        said.add(detail);
        if (reason === 'denied' || reason === 'refused') console.error(`[chaperone] ${moderator}: ${detail}`);
      }
    },
    answered(verdicts) {
      for (const verdict of verdicts) {
        if (!isJudged(verdict) || verdict.model === undefined || verdict.model === model) continue;
        if (model !== undefined)
          events.tell('model-changed', { moderator: verdict.moderator, from: model, to: verdict.model });
        model = verdict.model;
      }
    },
  };
}
