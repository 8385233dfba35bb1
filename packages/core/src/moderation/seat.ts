import { attempt } from '../attempt.ts';
import type { EventHub } from '../events.ts';
import type { VerdictCache } from './cache.ts';
import { keyOf } from './key.ts';
import type { CallContext, Item, Moderator, Stage } from './moderator.ts';
import { failure, sendRequest } from './request.ts';
import type { Failed, Verdict } from './verdict.ts';

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

/**
 * Where one moderator sits on the panel. Around each request stand, in this order: the cache, the questions in flight
 * (an item is judged once, however many wait for it), the batch, and the deadline.
 */
export class Seat {
  readonly moderator: Moderator;
  readonly #options: SeatOptions;
  readonly #inFlight = new Map<string, PendingQuestion>();
  /** Questions of this very moment, by partition: they go out together. */
  readonly #queues = new Map<
    string,
    { readonly context: CallContext | undefined; readonly questions: PendingQuestion[] }
  >();
  #model: string | undefined;

  constructor(moderator: Moderator, options: SeatOptions) {
    this.moderator = moderator;
    this.#options = options;
  }

  /** Asks about one item. The verdict never rejects. */
  ask(item: Item, context: CallContext): Question {
    const partition = this.moderator.partition && attempt(() => this.moderator.partition?.(context));
    if (this.moderator.partition && typeof partition !== 'string') {
      // Without knowing whose it is there is nobody to ask on behalf of.
      const verdict = failure(this.moderator, 'malformed');
      this.#tell([verdict], item.stage);
      return { verdict: Promise.resolve(verdict), leave: () => {} };
    }
    const key = keyOf(this.moderator, partition ?? '', item);
    if (key !== undefined) {
      const cached = this.#options.cache?.get(key);
      if (cached) return { verdict: Promise.resolve(cached), leave: () => {} };
      const asked = this.#inFlight.get(key);
      if (asked) return asked.join();
    }
    const question = new PendingQuestion(item, key, (gone) => this.#forget(gone));
    if (key !== undefined) this.#inFlight.set(key, question);
    this.#enqueue(question, partition ?? '', partition === undefined ? undefined : context);
    return question.join();
  }

  #enqueue(question: PendingQuestion, partition: string, context: CallContext | undefined): void {
    const queue = this.#queues.get(partition);
    if (queue) {
      queue.questions.push(question);
      return;
    }
    const questions = [question];
    this.#queues.set(partition, { context, questions });
    queueMicrotask(() => {
      this.#queues.delete(partition);
      const awaited = questions.filter((each) => each.isAwaited);
      for (const batch of cut(awaited, this.moderator.batch)) void this.#request(batch, context);
    });
  }

  /** One request to the moderator, and what comes of it, for each of its questions. */
  async #request(
    questions: readonly PendingQuestion[],
    context: CallContext | undefined,
    until = Date.now() + this.#options.deadline,
  ): Promise<void> {
    let isStopped = false;
    const request = sendRequest(
      this.moderator,
      questions.map(({ item }) => item),
      context,
      until - Date.now(),
    );
    for (const question of questions)
      question.onLeft = () => {
        if (questions.some((each) => each.isAwaited)) return;
        isStopped = true;
        request.stop();
      };
    const verdicts = await request.verdicts;
    const [first] = verdicts;
    if (questions.length > 1 && first?.status === 'failed' && isOneItemsFault(first) && !isStopped) {
      // One item that the moderator cannot take must not take the others with it.
      await Promise.all(
        questions.filter((each) => each.isAwaited).map((each) => this.#request([each], context, until)),
      );
      return;
    }
    if (!isStopped) this.#tell(verdicts, questions[0]?.item.stage ?? 'input');
    for (const [index, question] of questions.entries()) {
      const verdict = verdicts[index] ?? failure(this.moderator, 'malformed');
      this.#forget(question);
      if (question.key !== undefined && (verdict.status === 'clear' || verdict.status === 'flagged'))
        this.#options.cache?.set(question.key, verdict);
      question.answer(verdict);
    }
  }

  #forget(question: PendingQuestion): void {
    if (question.key !== undefined && this.#inFlight.get(question.key) === question)
      this.#inFlight.delete(question.key);
  }

  #tell(verdicts: readonly Verdict[], stage: Stage): void {
    const failed = verdicts.find((verdict) => verdict.status === 'failed');
    if (failed) {
      const { moderator, reason, retryAfterMs, detail } = failed;
      this.#options.events.tell('moderator-failed', {
        moderator,
        stage,
        reason,
        items: verdicts.filter(({ status }) => status === 'failed').length,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(detail === undefined ? {} : { detail }),
      });
    }
    for (const verdict of verdicts) {
      if (!('model' in verdict) || verdict.model === undefined || verdict.model === this.#model) continue;
      if (this.#model !== undefined)
        this.#options.events.tell('model-changed', {
          moderator: verdict.moderator,
          from: this.#model,
          to: verdict.model,
        });
      this.#model = verdict.model;
    }
  }
}

class PendingQuestion {
  readonly item: Item;
  readonly key: string | undefined;
  onLeft: (() => unknown) | undefined;
  readonly #verdict: Promise<Verdict>;
  readonly #forget: (question: PendingQuestion) => void;
  #resolve: (verdict: Verdict) => void = () => {};
  #waiting = 0;

  constructor(item: Item, key: string | undefined, forget: (question: PendingQuestion) => void) {
    this.item = item;
    this.key = key;
    this.#forget = forget;
    this.#verdict = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  join(): Question {
    this.#waiting += 1;
    let isHere = true;
    return {
      verdict: this.#verdict,
      leave: () => {
        if (!isHere) return;
        isHere = false;
        this.#waiting -= 1;
        if (this.#waiting > 0) return;
        this.#forget(this); // whoever asks from now on asks anew
        this.onLeft?.();
      },
    };
  }

  answer(verdict: Verdict): void {
    this.#resolve(verdict);
  }
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
