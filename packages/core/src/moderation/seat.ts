import { attempt } from '../attempt.ts';
import { isText } from '../is.ts';
import { getOrAdd } from '../look-up.ts';
import type { EventHub } from '../events.ts';
import type { VerdictCache } from './cache.ts';
import { keyOf } from './key.ts';
import type { CallContext, Item, Moderator, Stage } from './moderator.ts';
import { sendRequest } from './request.ts';
import { failure, isJudged, type Failed, type Verdict } from './verdict.ts';

export interface SeatOptions {
  /** Milliseconds for one request, whatever it does in them. */
  readonly deadline: number;
  readonly cache: VerdictCache | undefined;
  readonly events: EventHub;
}

/** One item that somebody waits for a verdict on; several may wait for the same. */
export interface Question {
  readonly verdict: Promise<Verdict>;
  /** One of those who wait does so no longer. When nobody does, the moderator is told to stop. */
  leave(): void;
}

/** Where one moderator sits on the panel. */
export interface Seat {
  readonly moderator: Moderator;
  /** Asks about one item. The verdict never rejects. */
  ask(item: Item, context: CallContext): Question;
}

/**
 * Around each request to a moderator stand, in this order: the cache, the questions in flight (an item is judged once,
 * however many wait for it), the batch, and the deadline.
 */
export function createSeat(moderator: Moderator, { deadline, cache, events }: SeatOptions): Seat {
  const inFlight = new Map<string | undefined, PendingQuestion>();
  /** Questions of this very moment, by partition: they go out together. */
  const queues = new Map<string, PendingQuestion[]>();
  let model: string | undefined;

  /** One request to the moderator, and what comes of it, for each of its questions. */
  async function request(
    questions: readonly PendingQuestion[],
    context: CallContext | undefined,
    until = Date.now() + deadline,
  ): Promise<void> {
    let isStopped = false;
    const items = questions.map(({ item }) => item);
    const { verdicts: coming, stop } = sendRequest(moderator, items, context, until - Date.now());
    for (const question of questions)
      question.onLeft = () => {
        if (questions.some(isAwaited)) return;
        isStopped = true;
        stop();
      };
    const verdicts = await coming;
    const [first] = verdicts;
    if (questions.length > 1 && first?.status === 'failed' && isOneItemsFault(first) && !isStopped) {
      // One item that the moderator cannot take must not take the others with it.
      await Promise.all(questions.filter(isAwaited).map((each) => request([each], context, until)));
      return;
    }
    if (!isStopped) tell(verdicts, items[0]?.stage ?? 'input');
    for (const [index, question] of questions.entries()) {
      const verdict = verdicts[index] ?? failure(moderator.name, 'malformed');
      forget(question);
      if (question.key !== undefined && isJudged(verdict)) cache?.set(question.key, verdict);
      question.answer(verdict);
    }
  }

  function forget(question: PendingQuestion): void {
    if (inFlight.get(question.key) === question) inFlight.delete(question.key);
  }

  function tell(verdicts: readonly Verdict[], stage: Stage): void {
    const failures = verdicts.filter((verdict) => verdict.status === 'failed');
    const [failed] = failures;
    if (failed) {
      const { status: _, ...why } = failed;
      events.tell('moderator-failed', { ...why, stage, items: failures.length });
    }
    for (const verdict of verdicts) {
      if (!isJudged(verdict) || verdict.model === undefined || verdict.model === model) continue;
      if (model !== undefined)
        events.tell('model-changed', { moderator: verdict.moderator, from: model, to: verdict.model });
      model = verdict.model;
    }
  }

  return {
    moderator,
    ask(item, context) {
      const partition = moderator.partition ? attempt(() => moderator.partition?.(context)) : '';
      if (!isText(partition)) {
        // Without knowing whose it is there is nobody to ask on behalf of.
        const verdict = failure(moderator.name, 'malformed');
        tell([verdict], item.stage);
        return answered(verdict);
      }
      const key = keyOf(moderator, partition, item);
      const cached = key !== undefined && cache?.get(key);
      if (cached) return answered(cached);
      const asked = inFlight.get(key);
      if (asked) return join(asked, forget);
      const question = createQuestion(item, key);
      if (key !== undefined) inFlight.set(key, question);
      getOrAdd(queues, partition, () => {
        const questions: PendingQuestion[] = [];
        queueMicrotask(() => {
          queues.delete(partition);
          for (const batch of cut(questions.filter(isAwaited), moderator.batch))
            void request(batch, moderator.partition ? context : undefined);
        });
        return questions;
      }).push(question);
      return join(question, forget);
    },
  };
}

/** A question that nobody need ask any longer. */
function answered(verdict: Verdict): Question {
  return { verdict: Promise.resolve(verdict), leave: () => {} };
}

interface PendingQuestion {
  readonly item: Item;
  readonly key: string | undefined;
  readonly verdict: Promise<Verdict>;
  readonly answer: (verdict: Verdict) => void;
  /** How many wait for it. */
  waiting: number;
  /** Told each time that the last of them has left. */
  onLeft: () => void;
}

function createQuestion(item: Item, key: string | undefined): PendingQuestion {
  const { promise: verdict, resolve: answer } = Promise.withResolvers<Verdict>();
  return { item, key, verdict, answer, waiting: 0, onLeft: () => {} };
}

function isAwaited({ waiting }: PendingQuestion): boolean {
  return waiting > 0;
}

/** One more waits for a question. When the last of them leaves, whoever asks from then on asks anew. */
function join(question: PendingQuestion, forget: (question: PendingQuestion) => void): Question {
  question.waiting += 1;
  let isHere = true;
  return {
    verdict: question.verdict,
    leave() {
      if (!isHere) return;
      isHere = false;
      question.waiting -= 1;
      if (isAwaited(question)) return;
      forget(question);
      question.onLeft();
    },
  };
}

/** Whether the fault may lie in a single item of a batch, and not in the service or the key. */
function isOneItemsFault({ reason }: Failed): boolean {
  return reason === 'refused' || reason === 'malformed';
}

/** Cuts questions into batches within a moderator's limits; without any, each goes alone. */
function cut(
  questions: readonly PendingQuestion[],
  limits: Moderator['batch'],
): readonly (readonly PendingQuestion[])[] {
  if (!limits) return questions.map((question) => [question]);
  const batches: PendingQuestion[][] = [];
  let characters = 0;
  for (const question of questions) {
    const size = (question.item.segment.text?.length ?? 0) + (question.item.before?.length ?? 0);
    const batch = batches.at(-1);
    if (batch && batch.length < limits.items && characters + size <= limits.characters) {
      batch.push(question);
      characters += size;
    } else {
      batches.push([question]);
      characters = size;
    }
  }
  return batches;
}
