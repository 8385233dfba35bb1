import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  clear,
  failed,
  flag,
  unsupported,
  type AskingOptions,
  type Decision,
  type Item,
  type ModerateOptions,
  type Moderator,
} from '../src/index.ts';
import { estimateTokens } from '../src/moderation/tokens.ts';
import { watch, type Watched } from './support/guards.ts';
import { answering, hang } from './support/moderators.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** What a moderator makes of one item of a request. */
type Portion = 'truth' | 'later' | 'down' | 'refused' | 'unsupported' | 'rubbish';

/** What a moderator makes of a request. */
interface Behaviour {
  readonly does: 'answer' | 'hang' | 'throw' | 'rubbish' | 'short';
  readonly after: number;
  readonly portions: readonly Portion[];
  readonly retryAfterMs: number;
  readonly ignoresSignal: boolean;
}

interface Arrival {
  readonly at: number;
  readonly text: string;
  readonly tenant: string;
  /** So many microtasks later than others of the same millisecond. */
  readonly hops: number;
  readonly abortsAfter: number | undefined;
}

interface Scenario {
  readonly arrivals: readonly Arrival[];
  readonly behaviours: readonly Behaviour[];
  readonly batch: Moderator['batch'];
  readonly hasPartitions: boolean;
  readonly hasCache: boolean;
  readonly random: number;
  readonly limits: AskingOptions & { readonly deadline: number; readonly concurrency: number };
}

const someMilliseconds = (most: number): fc.Arbitrary<number> => fc.oneof(fc.constant(0), fc.nat({ max: most }));

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  does: fc.oneof(
    { weight: 6, arbitrary: fc.constant('answer' as const) },
    { weight: 4, arbitrary: fc.constantFrom('hang', 'throw', 'rubbish', 'short') },
  ),
  after: someMilliseconds(60),
  portions: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Portion>('truth') },
      { weight: 4, arbitrary: fc.constantFrom<Portion>('later', 'down', 'refused', 'unsupported', 'rubbish') },
    ),
    { minLength: 1, maxLength: 3 },
  ),
  retryAfterMs: someMilliseconds(150),
  ignoresSignal: fc.boolean(),
});

const arrival = (latest: number): fc.Arbitrary<Arrival> =>
  fc.record({
    // Even, and whoever leaves does so at odd times: who comes and who leaves in the same millisecond is anybody's guess.
    at: fc.nat({ max: latest >> 1 }).map((half) => 2 * half),
    text: fc.constantFrom('zorp 1', 'zorp 2', 'fine 1', 'fine 2', 'fine 3', 'poison'),
    tenant: fc.constantFrom('a', 'b'),
    hops: fc.nat({ max: 3 }),
    abortsAfter: fc.option(
      fc.nat({ max: 60 }).map((half) => 2 * half + 1),
      { nil: undefined, freq: 3 },
    ),
  });

const limits = (
  quota: fc.Arbitrary<AskingOptions['quota']>,
  deadline: fc.Arbitrary<number>,
): fc.Arbitrary<Scenario['limits']> =>
  fc
    .record({
      deadline,
      retries: fc.nat({ max: 2 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      batch: fc.constantFrom<AskingOptions['batch']>({}, { maxWait: 2 }, false),
      breaker: fc.oneof(
        fc.constant(false as const),
        fc.record({ failures: fc.integer({ min: 1, max: 3 }), pause: fc.constantFrom(1, 40) }),
      ),
      quota,
    })
    .map(({ batch, quota, ...rest }) => ({ ...rest, ...(batch !== undefined && { batch }), ...(quota && { quota }) }));

const scenario = (arrivals: fc.Arbitrary<Arrival>, limits: fc.Arbitrary<Scenario['limits']>): fc.Arbitrary<Scenario> =>
  fc.record({
    arrivals: fc.array(arrivals, { minLength: 1, maxLength: 10 }),
    behaviours: fc.array(behaviour, { minLength: 1, maxLength: 5 }),
    batch: fc.constantFrom(undefined, { items: 2, characters: 100 }, { items: 10, characters: 14 }),
    hasPartitions: fc.boolean(),
    hasCache: fc.boolean(),
    random: fc.constantFrom(0, 0.5, 0.999),
    limits,
  });

/** All who wait for the same question. */
interface Crowd {
  /** Somebody could wait no longer: whoever comes now asks anew, and is of another crowd that has the same name. */
  wasLate: boolean;
  waiting: number;
}

/** A request as its moderator sees it. */
interface Seen {
  readonly at: number;
  readonly tenant: string;
  readonly tokens: number;
  readonly signal: AbortSignal;
  readonly crowds: readonly Crowd[];
  isAnswered: boolean;
}

interface Ended {
  readonly arrival: Arrival;
  readonly began: number;
  readonly ended: number;
  readonly outcome: Decision | Error;
}

const truthOf = (text: string): 'flagged' | 'clear' => (text.includes('zorp') ? 'flagged' : 'clear');

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Plays arrivals against a moderator that behaves as told, one request after the other. */
class Play {
  readonly ends: Ended[] = [];
  readonly requests: Seen[] = [];
  readonly #crowds = new Map<string, Crowd>();
  /** Timers that are the script's own, and none of the panel's business. */
  readonly #own = new Set<ReturnType<typeof setTimeout>>();
  readonly #scenario: Scenario;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    vi.clearAllTimers();
    vi.spyOn(Math, 'random').mockReturnValue(scenario.random);
  }

  moderator(name = 'words'): Moderator {
    const { batch, behaviours, hasPartitions } = this.#scenario;
    let asked = 0;
    return answering(
      (items, options) => {
        const behaviour = behaviours[asked++ % behaviours.length];
        if (!behaviour) throw new Error('There is always one');
        return this.#answer(items, options, behaviour);
      },
      {
        name,
        ...(batch && { batch }),
        ...(hasPartitions && { partition: ({ tenant = '' }) => tenant }),
      },
    );
  }

  async #answer(items: readonly Item[], { signal, context }: ModerateOptions, told: Behaviour): Promise<unknown> {
    const { tenant = '' } = context ?? {};
    const texts = items.map(({ segment: { text = '' } }) => text);
    const seen: Seen = {
      at: performance.now(),
      tenant,
      tokens: texts.reduce((sum, text) => sum + estimateTokens(text), 0),
      signal,
      crowds: texts.flatMap((text) => this.#crowds.get(`${tenant} ${text}`) ?? []),
      isAnswered: false,
    };
    this.requests.push(seen);
    this.#expectFew(seen);
    try {
      if (told.does === 'hang') return await hang();
      await this.sleep(told.after, told.ignoresSignal ? undefined : signal);
      if (told.does === 'throw') throw new Error('It fell over');
      if (told.does === 'rubbish' || (texts.length > 1 && texts.includes('poison'))) return 'rubbish';
      const { portions } = told;
      const reports = texts.map((text, index) => reportOn(text, portions[index % portions.length] ?? 'truth', told));
      return told.does === 'short' ? reports.slice(1) : reports;
    } finally {
      seen.isAnswered = true;
    }
  }

  /** One that is told to stop, and heeds it, throws. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#own.delete(timer);
        resolve();
      }, milliseconds);
      this.#own.add(timer);
      signal?.addEventListener('abort', () => {
        this.#own.delete(timer);
        clearTimeout(timer);
        reject(new Error('told to stop'));
      });
    });
  }

  #expectFew({ tenant }: Seen): void {
    const open = this.requests.filter((each) => each.tenant === tenant && !each.isAnswered && !each.signal.aborted);
    expect(open.length, 'requests at a time').toBeLessThanOrEqual(this.#scenario.limits.concurrency);
  }

  async run(guard: Watched): Promise<void> {
    const { arrivals, hasPartitions } = this.#scenario;
    const started = performance.now();
    // Those of one moment come in one timer, so that they do come at the same moment.
    for (const [at, together] of Map.groupBy(arrivals, (each) => each.at))
      setTimeout(() => together.forEach((each) => void this.#check(guard, each, hasPartitions)), at);
    await settle();
    while (this.ends.length < arrivals.length) {
      expect(vi.getTimerCount() - this.#own.size, 'a timer for whoever still waits').toBeGreaterThan(0);
      vi.advanceTimersToNextTimer();
      await settle();
      this.#expectStopped();
    }
    expect(performance.now() - started).toBeLessThanOrEqual(1_000_000);
    expect(vi.getTimerCount(), 'timers left behind').toBe(this.#own.size);
    expect(this.requests.filter(({ isAnswered, signal }) => !isAnswered && !signal.aborted)).toEqual([]);
    expect(guard.told.settled).toHaveLength(arrivals.length);
    // Whoever answers after all is over changes nothing, and wakes nobody up.
    const requests = this.requests.length;
    while (this.#own.size > 0) {
      vi.advanceTimersToNextTimer();
      await settle();
    }
    expect(vi.getTimerCount(), 'timers set when all was over').toBe(0);
    expect(this.requests, 'requests when all was over').toHaveLength(requests);
    expect(guard.told.settled).toHaveLength(arrivals.length);
  }

  /** A request is broken off exactly when nobody waits for any of its items. Of crowds with one name that is judged at the end. */
  #expectStopped(): void {
    for (const { crowds, isAnswered, signal } of this.requests)
      if (!isAnswered && !crowds.some(({ wasLate }) => wasLate))
        expect(signal.aborted, 'told to stop').toBe(crowds.every(({ waiting }) => waiting === 0));
  }

  async #check(guard: Watched, arrival: Arrival, hasPartitions: boolean): Promise<void> {
    const { text, tenant, hops, abortsAfter } = arrival;
    for (let hop = 0; hop < hops; hop++) await Promise.resolve();
    const began = performance.now();
    const controller = new AbortController();
    const timer = abortsAfter === undefined ? undefined : setTimeout(() => controller.abort(), abortsAfter);
    const key = `${hasPartitions ? tenant : ''} ${text}`;
    let crowd = this.#crowds.get(key);
    if (!crowd || (crowd.waiting === 0 && !crowd.wasLate))
      this.#crowds.set(key, (crowd = { waiting: 0, wasLate: false }));
    crowd.waiting += 1;
    const outcome = await guard
      .check(text, { signal: controller.signal, context: { tenant } })
      .catch((error: unknown) => (error instanceof Error ? error : new Error('Not even an error')));
    crowd.waiting -= 1;
    crowd.wasLate ||= performance.now() - began >= this.#scenario.limits.deadline;
    clearTimeout(timer);
    this.ends.push({ arrival, began, ended: performance.now(), outcome });
  }

  /** In any minute, for each partition, no more than the quota. */
  expectWithinQuota(): void {
    const { quota } = this.#scenario.limits;
    for (const first of this.requests) {
      const minute = this.requests.filter(
        ({ at, tenant }) => tenant === first.tenant && at >= first.at && at < first.at + 60_000,
      );
      expect(minute.length).toBeLessThanOrEqual(quota?.requests ?? Infinity);
      expect(minute.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(quota?.tokens ?? Infinity);
    }
  }

  /** Whoever stayed has what the text deserves, or what could not be checked, and has it in time. */
  expectTruth(deadline: number): void {
    for (const { arrival, began, ended, outcome } of this.ends) {
      const { text, abortsAfter } = arrival;
      expect(ended - began, 'milliseconds').toBeLessThanOrEqual(Math.min(deadline, abortsAfter ?? Infinity));
      if (outcome instanceof Error) {
        expect(outcome.name).toBe('AbortError');
        expect(ended - began).toBe(abortsAfter);
        continue;
      }
      expect(outcome.verdicts).toHaveLength(1);
      const [verdict] = outcome.verdicts;
      const isJudged = verdict?.status === 'clear' || verdict?.status === 'flagged';
      if (isJudged) expect(verdict.status).toBe(truthOf(text));
      expect(outcome.unchecked).toHaveLength(isJudged ? 0 : 1);
      expect(outcome.findings).toHaveLength(verdict?.status === 'flagged' ? 1 : 0);
      const isClear = verdict?.status === 'clear' || verdict?.status === 'unsupported';
      expect(outcome.action).toBe(isClear ? 'allow' : 'block');
    }
  }
}

function reportOn(text: string, portion: Portion, { retryAfterMs }: Behaviour): unknown {
  switch (portion) {
    case 'truth':
      return truthOf(text) === 'flagged' ? flag(['zorp']) : clear();
    case 'later':
      return failed('unavailable', { retryAfterMs });
    case 'down':
      return failed('unavailable');
    case 'refused':
      return failed('refused');
    case 'unsupported':
      return unsupported('language');
    case 'rubbish':
      return null;
  }
}

function guardFor(play: Play, { limits, hasCache }: Scenario): Watched {
  return watch<Moderator>({
    moderators: [play.moderator()],
    moderation: { ...limits, ...(!hasCache && { cache: false }) },
  });
}

test('Each check ends once, in time, with the truth or unchecked; no request, no waiting and no timer outlives it', async () => {
  const noQuota = fc.constant(undefined);
  const small = fc.record({
    requests: fc.integer({ min: 1, max: 5 }),
    tokens: fc.integer({ min: 5, max: 60 }),
  });
  const anyLimits = limits(fc.oneof(noQuota, small), fc.constantFrom(1, 31, 101, 401));
  await fc.assert(
    fc.asyncProperty(scenario(arrival(150), anyLimits), async (scenario) => {
      const play = new Play(scenario);
      await play.run(guardFor(play, scenario));
      play.expectTruth(scenario.limits.deadline);
      play.expectWithinQuota();
    }),
    { numRuns: 700 },
  );
});

test('A quota is kept in every minute, also by those who can wait for the next', async () => {
  const quota = fc.oneof(
    fc.record({ requests: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ tokens: fc.integer({ min: 7, max: 30 }) }),
    fc.record({ requests: fc.integer({ min: 1, max: 4 }), tokens: fc.integer({ min: 7, max: 50 }) }),
  );
  const patient = limits(quota, fc.constantFrom(101, 30_001, 61_501, 200_001));
  await fc.assert(
    fc.asyncProperty(scenario(arrival(130_000), patient), async (scenario) => {
      const play = new Play(scenario);
      await play.run(guardFor(play, scenario));
      play.expectTruth(scenario.limits.deadline);
      play.expectWithinQuota();
    }),
    { numRuns: 250 },
  );
});

test('Whoever leaves takes no verdict away: where the moderator answers, everybody who stayed has one', async () => {
  const sound = behaviour.map((each): Behaviour => ({
    ...each,
    does: 'answer',
    portions: ['truth'],
    after: Math.min(each.after, 20),
  }));
  const healthy = arrival(60).map((each) => ({ ...each, text: each.text.replace('poison', 'fine 4') }));
  const roomy = limits(fc.constant(undefined), fc.constant(5_001));
  await fc.assert(
    fc.asyncProperty(
      scenario(healthy, roomy),
      fc.array(sound, { minLength: 1, maxLength: 4 }),
      async (any, behaviours) => {
        const scenario = { ...any, behaviours };
        const play = new Play(scenario);
        await play.run(guardFor(play, scenario));
        play.expectTruth(scenario.limits.deadline);
        for (const { outcome } of play.ends) if (!(outcome instanceof Error)) expect(outcome.unchecked).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});
