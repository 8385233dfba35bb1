import { attempt } from '../attempt.ts';
import type { EventHub } from '../events.ts';
import { isText } from '../is.ts';
import { getOrAdd } from '../look-up.ts';
import { createBreaker, isOutage, type RequestEnd } from './breaker.ts';
import type { VerdictCache } from './cache.ts';
import { createDeadlines } from './deadlines.ts';
import { keyOf } from './key.ts';
import { readsWhole } from './items.ts';
import type { Limits } from './limits.ts';
import type { Ask, CallContext, Item, Moderator } from './moderator.ts';
import {
  answered,
  hasWaiters,
  patienceOf,
  textsOf,
  type Asker,
  type PendingQuestion,
  type Question,
  type Waiter,
} from './question.ts';
import { createQueue, type Queue } from './queue.ts';
import { createQuotaKeeper } from './quota.ts';
import { sendRequest } from './request.ts';
import type { SharedVerdicts } from './store.ts';
import { createTelling } from './telling.ts';
import { estimateTokens } from './tokens.ts';
import { failure, isJudged, type Failed, type Judged, type Verdict } from './verdict.ts';

/** What all seats of a panel share. */
export interface SeatParts {
  readonly cache: VerdictCache | undefined;
  readonly shared: SharedVerdicts | undefined;
  readonly events: EventHub;
}

/** Where one moderator sits on the panel. */
export interface Seat {
  readonly moderator: Moderator;
  ask(item: Item, asker: Asker): Question;
  /** Remembers a verdict that came on another way. */
  remember(item: Item, verdict: Judged, context: CallContext): void;
}

/** More partitions than this are looked through for those that are done with. */
const MANY_PARTITIONS = 100;
/** Milliseconds before the first retry of what says no time of its own; each one doubles it. */
const FIRST_PAUSE = 100;

/**
 * Around each request to a moderator stand, in this order: the cache, the questions in flight (an item is judged once,
 * however many wait for it), the deadline of each who waits, the queue with its batches, quota and breaker, and the
 * retries. Partitions share nothing but the moderator.
 */
export function createSeat(
  moderator: Moderator,
  { deadline, retries, concurrency, batch, quota, breaker }: Limits,
  { cache, shared, events }: SeatParts,
): Seat {
  const { name } = moderator;
  const inFlight = new Map<string | undefined, PendingQuestion>();
  const queues = new Map<string, Queue>();
  const telling = createTelling(events);
  /** Questions that the shared store is to be asked about. */
  const lookUps: PendingQuestion[] = [];

  const deadlines = createDeadlines<Waiter>((late) => {
    const verdicts = late.map(({ question }) => ({
      verdict: (question.trouble ??= failure(name, 'timeout')),
      stage: question.item.stage,
    }));
    telling.failed(verdicts);
    // It may be lost: who asks from now on asks anew.
    for (const { question } of late) forget(question);
    for (const [index, waiter] of late.entries()) leave(waiter, verdicts[index]?.verdict);
  });

  function leave(waiter: Waiter, verdict: Verdict = failure(name, 'aborted')): void {
    const { question } = waiter;
    if (!question.waiters.delete(waiter)) return;
    deadlines.remove(waiter);
    waiter.resolve(verdict);
    if (hasWaiters(question)) return;
    forget(question);
    question.onLeft();
  }

  function forget(question: PendingQuestion): void {
    if (inFlight.get(question.key) === question) inFlight.delete(question.key);
  }

  function answer(question: PendingQuestion, verdict: Verdict, isNew = true): void {
    forget(question);
    if (question.key !== undefined && isJudged(verdict)) {
      if (isNew) keep(question.key, verdict);
      else cache?.set(question.key, verdict);
    }
    for (const waiter of question.waiters) {
      deadlines.remove(waiter);
      waiter.resolve(verdict);
    }
    question.waiters.clear();
  }

  function refuse(failures: readonly (readonly [PendingQuestion, Failed])[]): void {
    telling.failed(failures.map(([{ item }, verdict]) => ({ verdict, stage: item.stage })));
    for (const [question, verdict] of failures) answer(question, verdict);
  }

  async function send(questions: readonly PendingQuestion[]): Promise<RequestEnd> {
    const [{ context } = { context: {} }] = questions;
    const items = questions.map(({ item }) => item);
    const request = sendRequest(moderator, items, { ask: NOBODY, ...(moderator.partition && { context }) });
    let isStopped = false;
    for (const question of questions) {
      question.trouble = undefined;
      question.onLeft = () => {
        if (questions.some(hasWaiters)) return;
        isStopped = true;
        request.stop();
      };
    }
    const verdicts = await request.verdicts;
    if (isStopped) return questions.some(({ trouble }) => trouble) ? 'failed' : 'stopped';
    telling.answered(verdicts);
    const isFirst = questions.some(({ tries }) => tries === 0);
    sort(questions, verdicts);
    return isOutage(verdicts) ? (isFirst ? 'failed' : 'failed again') : 'answered';
  }

  /** What becomes of each question of a request. */
  function sort(questions: readonly PendingQuestion[], verdicts: readonly Verdict[]): void {
    const suspects: PendingQuestion[] = [];
    const again: (readonly [PendingQuestion, Failed])[] = [];
    const over: (readonly [PendingQuestion, Failed])[] = [];
    for (const [index, question] of questions.entries()) {
      const verdict = verdicts[index] ?? failure(name, 'malformed');
      if (verdict.status !== 'failed') answer(question, verdict);
      else if (!hasWaiters(question)) forget(question);
      else if (questions.length > 1 && isOneItemsFault(verdict)) suspects.push(question);
      else if (question.tries < retries && isInTime(question, verdict)) again.push([question, verdict]);
      else over.push([question, verdict]);
    }
    refuse(over);
    // One item that the moderator cannot take must not take the others with it.
    const size = Math.max(1, Math.floor(suspects.length / 4));
    for (let start = 0; start < suspects.length; start += size)
      suspects[start]?.queue.again(suspects.slice(start, start + size));
    // Those that may be asked again at the same time go together.
    for (const together of Map.groupBy(again, ([, verdict]) => verdict.retryAfterMs).values()) askLater(together);
  }

  function askLater(failures: readonly (readonly [PendingQuestion, Failed])[]): void {
    let pause = 0;
    let isAlone = false;
    for (const [question, verdict] of failures) {
      question.trouble = verdict;
      const backoff = FIRST_PAUSE * 2 ** question.tries++ * (0.5 + Math.random() / 2);
      pause = Math.max(pause, verdict.retryAfterMs ?? 0, Math.min(backoff, deadline / 4));
      // It may be one of them that brings the others down: the last time each goes alone, unless there were too many.
      isAlone ||= question.tries === retries && verdict.reason !== 'quota';
    }
    const questions = failures.map(([question]) => question);
    const timer = setTimeout(() => {
      const left = questions.filter(hasWaiters);
      if (isAlone) left.forEach((question) => question.queue.again([question]));
      else left[0]?.queue.again(left);
    }, pause);
    for (const question of questions)
      question.onLeft = () => {
        if (!questions.some(hasWaiters)) clearTimeout(timer);
      };
  }

  function queueFor(partition: string): Queue {
    return getOrAdd(queues, partition, () => {
      if (queues.size > MANY_PARTITIONS) for (const [each, queue] of queues) if (queue.isIdle) queues.delete(each);
      const { batch: _, ...alone } = moderator;
      return createQueue({
        moderator: batch && !readsWhole(moderator) ? moderator : alone,
        concurrency,
        maxWait: moderator.inProcess ? 0 : (batch?.maxWait ?? 0),
        quota: quota && !moderator.inProcess ? createQuotaKeeper(quota) : undefined,
        breaker: breaker && createBreaker(breaker, (state) => events.tell('breaker', { moderator: name, state })),
        send,
        refuse: (questions, verdict) => refuse(questions.map((question) => [question, verdict])),
      });
    });
  }

  /** What was asked at the same moment is looked up, and then goes out, together. */
  async function lookUp(store: SharedVerdicts, questions: readonly PendingQuestion[]): Promise<void> {
    const known = await Promise.all(questions.map(async ({ key }) => (key === undefined ? undefined : store.get(key))));
    for (const [index, question] of questions.entries()) {
      const verdict = known[index];
      if (verdict) answer(question, verdict, false);
      else if (hasWaiters(question)) question.queue.add(question);
    }
  }

  function begin(item: Item, key: string | undefined, asker: Asker, queue: Queue): PendingQuestion {
    const question: PendingQuestion = {
      item,
      key,
      queue,
      context: asker.context,
      isAwaited: asker.isAwaited,
      waiters: new Set(),
      since: performance.now(),
      tokens: quota ? textsOf(item).reduce((sum, text) => sum + estimateTokens(text), 0) : 0,
      tries: 0,
      trouble: undefined,
      onLeft: () => {},
    };
    if (key !== undefined) inFlight.set(key, question);
    if (key === undefined || !shared) queue.add(question);
    else if (lookUps.push(question) === 1) queueMicrotask(() => void lookUp(shared, lookUps.splice(0)));
    return question;
  }

  const partitionOf = (context: CallContext): unknown =>
    moderator.partition ? attempt(() => moderator.partition?.(context)) : '';

  function keep(key: string, verdict: Judged): void {
    cache?.set(key, verdict);
    shared?.set(key, verdict);
  }

  return {
    moderator,
    remember(item, verdict, context) {
      const partition = partitionOf(context);
      const key = isText(partition) ? keyOf(moderator, partition, item) : undefined;
      if (key !== undefined && !cache?.get(key)) keep(key, Object.freeze(verdict));
    },
    ask(item, asker) {
      const partition = partitionOf(asker.context);
      if (!isText(partition)) {
        // Without knowing whose it is there is nobody to ask on behalf of.
        const verdict = failure(name, 'malformed');
        telling.failed([{ verdict, stage: item.stage }]);
        return answered(verdict);
      }
      const key = keyOf(moderator, partition, item);
      const cached = key !== undefined && cache?.get(key);
      if (cached) return answered(cached);
      const question = inFlight.get(key) ?? begin(item, key, asker, queueFor(partition));
      if (asker.isAwaited && !question.isAwaited) {
        question.isAwaited = true;
        question.queue.hurry(question);
      }
      const { promise: verdict, resolve } = Promise.withResolvers<Verdict>();
      const waiter: Waiter = { question, until: performance.now() + deadline, resolve };
      question.waiters.add(waiter);
      deadlines.add(waiter);
      return { verdict, leave: () => leave(waiter) };
    },
  };

  function isInTime(question: PendingQuestion, { retryAfterMs }: Failed): boolean {
    return retryAfterMs !== undefined && performance.now() + retryAfterMs < patienceOf(question);
  }
}

/** Whether the fault may lie in a single item of a batch, and not in the service or the key. */
function isOneItemsFault({ reason }: Failed): boolean {
  return reason === 'refused' || reason === 'malformed';
}

/** Who has no members has nobody to ask. */
const NOBODY: Ask = ({ name }, items) => Promise.resolve(items.map(() => failure(name, 'malformed')));
