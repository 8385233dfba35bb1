import type { Breaker, RequestEnd } from './breaker.ts';
import type { Moderator } from './moderator.ts';
import { hasWaiters, patienceOf, textsOf, type PendingQuestion } from './question.ts';
import type { QuotaKeeper } from './quota.ts';
import { failure, type Failed } from './verdict.ts';

/** How what is asked of one moderator goes out. What is awaited goes before what nobody waits for. */
export interface QueueOptions {
  readonly moderator: Moderator;
  /** Requests at a time. */
  readonly concurrency: number;
  /** The most milliseconds that an item waits for others to go with. */
  readonly maxWait: number;
  readonly quota: QuotaKeeper | undefined;
  readonly breaker: Breaker | undefined;
  /** Carries out one request; resolves with how it ended. */
  readonly send: (questions: readonly PendingQuestion[]) => Promise<RequestEnd>;
  /** These will not be asked. */
  readonly refuse: (questions: readonly PendingQuestion[], verdict: Failed) => void;
}

/** Where questions to one moderator wait until they go out, as many together as it takes. */
export interface Queue {
  add(question: PendingQuestion): void;
  /** Asks again, these together and before all others. */
  again(questions: readonly PendingQuestion[]): void;
  /** Somebody waits now for what nobody waited for. */
  hurry(question: PendingQuestion): void;
  /** Nothing is on its way, and there is nothing to remember of what was. */
  readonly isIdle: boolean;
}

/** For each request under way, so many milliseconds are worth waiting for others to go with: the load sets the pace. */
const WAIT_PER_REQUEST = 3;
/** So many together are enough: waiting for more would save little. */
const ENOUGH = 10;
/** What is longer ago says nothing of how often questions come. */
const LONGEST_GAP = 100;

export function createQueue(options: QueueOptions): Queue {
  const { moderator, concurrency, maxWait, quota, breaker, send, refuse } = options;
  const { items: most = 1, characters = Infinity } = moderator.batch ?? {};
  const groups = new Set<readonly PendingQuestion[]>();
  const awaited = new Set<PendingQuestion>();
  const beside = new Set<PendingQuestion>();
  let inFlight = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  /** How far apart questions come, in milliseconds; those of one moment count once. */
  let gap = LONGEST_GAP;
  let latest = 0;

  const isEmpty = (): boolean => groups.size + awaited.size + beside.size === 0;

  const sleep = (milliseconds: number): void => {
    timer = setTimeout(dispatch, Math.ceil(milliseconds));
  };

  const rest = (): void => {
    if (isEmpty()) clearTimeout(timer);
  };

  const leave = (question: PendingQuestion): void => {
    if (!awaited.delete(question)) beside.delete(question);
  };

  const schedule = (): void => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      dispatch();
    });
  };

  /** What goes out next: a group that goes as it is, or as many as the limits let together. */
  const nextBatch = (): readonly PendingQuestion[] => {
    for (const group of groups) return group.filter(hasWaiters);
    const batch: PendingQuestion[] = [];
    let size = 0;
    let tokens = 0;
    for (const queue of [awaited, beside])
      for (const question of queue) {
        if (question.item.segment.image) {
          if (batch.length > 0) continue;
          return [question]; // one image a request
        }
        size += textsOf(question.item).reduce((sum, text) => sum + text.length, 0);
        tokens += question.tokens;
        if (batch.length > 0 && (batch.length >= most || size > characters || (quota && quota.waitFor(tokens) > 0)))
          return batch;
        batch.push(question);
      }
    return batch;
  };

  /** How long it is worth waiting for others: not for a moderator that is idle, nor where none is expected in time. */
  const waitForOthers = (batch: readonly PendingQuestion[]): number => {
    const patience = Math.min(maxWait, inFlight * WAIT_PER_REQUEST);
    const [first] = batch;
    const isWorthIt = groups.size === 0 && gap < patience && batch.length < Math.min(most, ENOUGH);
    if (!first || !isWorthIt || batch.length < awaited.size + beside.size) return 0;
    return first.since + patience - performance.now();
  };

  const take = (batch: readonly PendingQuestion[]): void => {
    for (const group of groups) {
      groups.delete(group);
      return;
    }
    batch.forEach(leave);
  };

  /** Whether a batch was dealt with; if not, it stays until a timer rings or a request ends. */
  const sendOut = (batch: readonly PendingQuestion[]): boolean => {
    const tokens = batch.reduce((sum, question) => sum + question.tokens, 0);
    const pause = quota?.waitFor(tokens) ?? 0;
    if (pause > 0) {
      const verdict = failure(moderator.name, 'quota', { detail: 'The quota a minute that it was given is used up.' });
      if (performance.now() + pause >= Math.max(...batch.map(patienceOf))) {
        take(batch);
        refuse(batch, verdict);
        return true;
      }
      for (const question of [...batch, ...awaited, ...beside]) question.trouble ??= verdict;
      sleep(pause);
      return false;
    }
    const note = breaker?.ask();
    if (note === 'wait') return false;
    take(batch);
    if (note === 'fail') {
      refuse(
        batch,
        failure(moderator.name, 'unavailable', { detail: 'It kept failing and is not asked for a while.' }),
      );
      return true;
    }
    quota?.take(tokens);
    inFlight += 1;
    void send(batch).then((end) => {
      inFlight -= 1;
      note?.(end);
      dispatch();
    });
    return true;
  };

  function dispatch(): void {
    clearTimeout(timer);
    for (;;) {
      if (isEmpty() || inFlight >= concurrency) return;
      const batch = nextBatch();
      const pause = waitForOthers(batch);
      if (pause > 0) {
        sleep(pause);
        return;
      }
      if (!sendOut(batch)) return;
    }
  }

  return {
    add(question) {
      (question.isAwaited ? awaited : beside).add(question);
      question.onLeft = () => {
        leave(question);
        rest();
      };
      const now = performance.now();
      if (!isDue) {
        gap = (gap + Math.min(now - latest, LONGEST_GAP)) / 2;
        latest = now;
      }
      schedule();
    },
    again(questions) {
      groups.add(questions);
      for (const question of questions)
        question.onLeft = () => {
          if (questions.some(hasWaiters)) return;
          groups.delete(questions);
          rest();
        };
      schedule();
    },
    hurry(question) {
      if (beside.delete(question)) awaited.add(question);
    },
    get isIdle() {
      return isEmpty() && inFlight === 0 && quota?.isUnused !== false && breaker?.isClosed !== false;
    },
  };
}
