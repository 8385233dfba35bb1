import {
  createGuard,
  firstAvailable,
  type Decision,
  type Events,
  type FailureReason,
  type Guard,
  type ModerationOptions,
  type Moderator,
} from '@chaperone/core';
import { fakeModerator, startServer, type Faults, type RecordedRequest, type TestServer } from '@chaperone/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { blocklist, openaiModeration } from '../src/index.ts';

const CALM = 'A calm day at the lake.';
const FLAGGED = 'A zorp at the lake.';
const VIOLATION = 'That is against the rules.';
const OUTAGE = 'Sorry, the safety check did not work. Please try again later.';
/** What a call may take beyond the deadlines of those that it asks. */
const MARGIN = 250;

/** Where the faulty moderator sits: at the input, at the output of a reply, at that of a stream. */
const SHAPES = ['input', 'output', 'stream'] as const;
type Shape = (typeof SHAPES)[number];

/** Beside whom. The blocklist is in this process and answers at once. */
const ARRANGEMENTS = {
  alone: (faulty: Moderator): Moderator[] => [faulty],
  beside: (faulty: Moderator): Moderator[] => [faulty, blocklist(['zorp'])],
  first: (faulty: Moderator): Moderator[] => [firstAvailable([faulty, blocklist(['zorp'])])],
};
type Arrangement = keyof typeof ARRANGEMENTS;

interface Case {
  readonly shape: Shape;
  readonly arrangement: Arrangement;
  readonly whenUnchecked: 'block' | 'allow';
  /** What the stage in question judges. */
  readonly text?: string;
  readonly moderation?: ModerationOptions;
}

const WHEN_UNCHECKED = ['block', 'allow'] as const;
const combinationsOf = (...arrangements: readonly Arrangement[]): Case[] =>
  arrangements.flatMap((arrangement) =>
    WHEN_UNCHECKED.flatMap((whenUnchecked) => SHAPES.map((shape) => ({ shape, arrangement, whenUnchecked }))),
  );
const labelOf = ({ shape, arrangement, whenUnchecked }: Case): string => `${shape}, ${arrangement}, ${whenUnchecked}`;

/** A guard whose faulty moderator sits at one stage only; the other stage is clear. */
function guardOf(server: TestServer, { shape, arrangement, whenUnchecked, moderation = {} }: Case): Guard {
  const faulty = ARRANGEMENTS[arrangement](openaiModeration({ baseURL: server.url, apiKey: 'none' }));
  const calm = [fakeModerator({ name: 'calm' })];
  return createGuard<Moderator>({
    moderators: shape === 'input' ? { input: faulty, output: calm } : { input: calm, output: faulty },
    message: VIOLATION, // speaks of what was flagged, and must not be said about an outage
    whenUnchecked,
    moderation: { breaker: false, ...moderation },
  });
}

/** One guarded call, read to its end. */
async function call(guard: Guard, { shape, text = CALM }: Case, signal?: AbortSignal): Promise<string> {
  const messages = [{ role: 'user' as const, content: shape === 'input' ? text : 'Hello.' }];
  const reply = shape === 'input' ? CALM : text;
  const options = signal ? { signal } : {};
  if (shape !== 'stream') return guard.wrap(() => reply)(messages, options);
  const words = guard.wrap(async function* () {
    yield* reply.split(/(?= )/);
  })(messages, options);
  const read: string[] = [];
  for await (const word of words) read.push(word);
  return read.join('');
}

/** Everything that a guard tells, by event. */
function listenTo(guard: Guard) {
  const told = {
    settled: [] as Events['settled'][],
    flagged: [] as Events['flagged'][],
    failures: [] as Events['moderator-failed'][],
    breaker: [] as Events['breaker'][],
  };
  guard.on('settled', (event) => told.settled.push(event));
  guard.on('flagged', (event) => told.flagged.push(event));
  guard.on('moderator-failed', (event) => told.failures.push(event));
  guard.on('breaker', (event) => told.breaker.push(event));
  return told;
}

const stageOf = ({ shape }: Case) => (shape === 'input' ? 'input' : 'output');
const kindOf = ({ shape }: Case) => (shape === 'stream' ? 'stream' : 'reply');

/** One call to a guard and a server of its own, and everything that came of it. */
async function play(each: Case, fault?: Faults['moderation'], options?: { readonly times: number }) {
  await using server = await startServer({
    moderation: (text) => ({ flagged: text.includes('zorp') ? ['hate'] : [] }),
  });
  if (fault !== undefined) server.fault('moderation', fault, options);
  const guard = guardOf(server, each);
  const told = listenTo(guard);
  const begun = performance.now();
  const text = await call(guard, each);
  const took = performance.now() - begun;
  await guard.idle();
  const requests = server.moderationRequests;
  // The one who waits has left; whoever was asked hears of it soon after.
  await vi.waitFor(() => expect(requests.every(({ endedAt }) => endedAt !== undefined)).toBe(true), { interval: 5 });
  return { text, took, requests, decision: decisionOf(each, told.settled), ...told };
}
type Played = Awaited<ReturnType<typeof play>>;

function decisionOf(each: Case, settled: readonly Events['settled'][]): Decision | undefined {
  return settled[0]?.[stageOf(each)];
}

interface FaultEntry {
  readonly title: string;
  readonly fault: Faults['moderation'];
  readonly reason: FailureReason;
}

/** Answers that no second question would better: one request, and no waiting. */
const FINAL: readonly FaultEntry[] = [
  {
    title: '429 with a Retry-After beyond the deadline',
    fault: { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
    reason: 'quota',
  },
  { title: 'a truncated body', fault: 'truncated', reason: 'malformed' },
  { title: 'a malformed body', fault: 'malformed', reason: 'malformed' },
  { title: 'a body of the wrong shape', fault: 'wrong-shape', reason: 'malformed' },
  { title: 'too few results', fault: 'too-few', reason: 'malformed' },
  { title: 'too many results', fault: 'too-many', reason: 'malformed' },
];

/** Failures that may pass: asked three times in all. */
const PASSING: readonly FaultEntry[] = [
  { title: '429', fault: { kind: 'status', status: 429 }, reason: 'quota' },
  {
    title: '429 with a Retry-After within the deadline',
    fault: { kind: 'status', status: 429, headers: { 'retry-after-ms': '20' } },
    reason: 'quota',
  },
  { title: '500', fault: { kind: 'status', status: 500 }, reason: 'unavailable' },
  { title: 'a reset', fault: 'reset', reason: 'unavailable' },
  { title: 'a reset in the body', fault: 'reset-in-body', reason: 'unavailable' },
];

/** Answers that do not come in time: one request, that ends with the deadline. */
const LATE: readonly FaultEntry[] = [
  { title: 'hanging before the headers', fault: 'hang', reason: 'timeout' },
  { title: 'hanging in the body', fault: 'hang-in-body', reason: 'timeout' },
  { title: 'a body slower than the deadline', fault: { kind: 'slow-body', ms: 600 }, reason: 'timeout' },
];

interface TableEntry extends FaultEntry {
  readonly deadline: number;
  readonly requests: number;
  /** Milliseconds that a call takes at least, and at most. */
  readonly took: readonly [least: number, most: number];
  readonly isLate: boolean;
}

const TABLE: readonly TableEntry[] = [
  ...FINAL.map((entry) => ({
    ...entry,
    deadline: 1_000,
    requests: 1,
    took: [0, 500] as const, // half of the deadline: nothing waited for it
    isLate: false,
  })),
  ...PASSING.map((entry) => ({
    ...entry,
    deadline: 600,
    requests: 3,
    took: [50 + 100 - 2, 600 + MARGIN] as const, // two pauses, of which none takes more than a quarter of the deadline
    isLate: false,
  })),
  ...LATE.map((entry) => ({
    ...entry,
    deadline: 150,
    requests: 1,
    took: [150 - 2, 150 + MARGIN] as const,
    isLate: true,
  })),
];

/** Plays some cases of one fault at once; each has to hold what holds whatever comes of it, and what `check` says. */
async function playAll(
  { fault, reason, deadline, requests, took, isLate }: TableEntry,
  cases: readonly Case[],
  check: (each: Case, played: Played, label: string) => void,
): Promise<void> {
  await Promise.all(
    cases.map(async (each) => {
      const label = labelOf(each);
      const played = await play({ ...each, moderation: { deadline } }, fault);
      expect(played.took, label).toBeGreaterThanOrEqual(took[0]);
      expect(played.took, label).toBeLessThanOrEqual(took[1]);
      expect(played.requests, label).toHaveLength(requests);
      if (isLate) expect(played.requests, label).toMatchObject([{ aborted: true }]);
      expect(played.failures, label).toMatchObject([
        { moderator: 'openai-moderation', stage: stageOf(each), reason, items: 1 },
      ]);
      expect(played.settled, label).toHaveLength(1);
      expect(played.settled[0]?.call, label).toBe(kindOf(each));
      check(each, played, label);
    }),
  );
}

const uncheckedIn = (each: Case) => [
  { path: each.shape === 'input' ? 'messages[0].content' : 'text', reason: 'failed', moderator: 'openai-moderation' },
];

/** The words of an outage, and nothing found. */
function expectOutage(each: Case, { text, settled, flagged, decision }: Played, label: string): void {
  expect(text, label).toBe(OUTAGE);
  expect(settled, label).toMatchObject([{ delivery: 'refused', attempts: each.shape === 'input' ? 0 : 1 }]);
  expect(flagged, label).toEqual([]);
  expect(decision, label).toMatchObject({ action: 'block', findings: [], message: OUTAGE });
  expect(decision?.unchecked, label).toEqual(uncheckedIn(each));
}

/** What was said, and a decision that does not count it as passed. */
function expectUncheckedDelivery(each: Case, { text, settled, flagged, decision }: Played, label: string): void {
  expect(text, label).toBe(CALM);
  expect(settled, label).toMatchObject([{ delivery: 'delivered', attempts: 1 }]);
  expect(flagged, label).toEqual([]);
  expect(decision, label).toMatchObject({ action: 'allow', findings: [], message: '' });
  expect(decision?.unchecked, label).toEqual(uncheckedIn(each));
}

/** What was said, and everybody who should have has judged it. */
function expectPass({ text, settled, flagged, decision }: Played, label: string): void {
  expect(text, label).toBe(CALM);
  expect(settled, label).toMatchObject([{ delivery: 'delivered', attempts: 1 }]);
  expect(flagged, label).toEqual([]);
  expect(decision, label).toMatchObject({ action: 'allow', findings: [], unchecked: [], message: '' });
}

/** The words of a violation. */
function expectBlock(each: Case, { text, settled, flagged, decision }: Played, label: string): void {
  expect(text, label).toBe(VIOLATION);
  expect(settled, label).toMatchObject([{ delivery: 'refused', attempts: each.shape === 'input' ? 0 : 1 }]);
  expect(decision, label).toMatchObject({ action: 'block', message: VIOLATION });
  expect(flagged, label).toHaveLength(1);
  expect(flagged[0]?.decision, label).toBe(decision);
}

const FAILED = { status: 'failed', moderator: 'openai-moderation' } as const;

beforeAll(async () => {
  // The first request of a process loads what sends it: that is no part of any call's time.
  await play({ shape: 'stream', arrangement: 'first', whenUnchecked: 'block' });
});

const UNHELPED = [
  { where: 'alone', arrangement: 'alone' },
  { where: 'beside a blocklist that clears', arrangement: 'beside' },
] as const;

describe.for(UNHELPED)('a faulty moderator $where', ({ arrangement }) => {
  test.for(TABLE)('$title: an outage, not a violation; let through, it still counts as unchecked', async (entry) => {
    await playAll(entry, combinationsOf(arrangement), (each, played, label) => {
      if (each.whenUnchecked === 'block') expectOutage(each, played, label);
      else expectUncheckedDelivery(each, played, label);
      expect(played.decision?.verdicts, label).toMatchObject([
        { ...FAILED, reason: entry.reason },
        ...(arrangement === 'alone' ? [] : [{ status: 'clear', moderator: 'blocklist' }]),
      ]);
    });
  });
});

describe('a faulty moderator, first of firstAvailable before a blocklist that clears', () => {
  test.for(TABLE)('$title: the blocklist judges, and the verdict names both', async (entry) => {
    await playAll(entry, combinationsOf('first'), (_, played, label) => {
      expectPass(played, label);
      expect(played.decision?.verdicts, label).toMatchObject([
        {
          status: 'clear',
          moderator: 'blocklist',
          members: [
            { ...FAILED, reason: entry.reason },
            { status: 'clear', moderator: 'blocklist' },
          ],
        },
      ]);
    });
  });
});

describe('a clear block always blocks, whatever whenUnchecked says', () => {
  test.for(TABLE)('$title, and the blocklist flags', async (entry) => {
    const cases = combinationsOf('beside', 'first').map((each) => ({ ...each, text: FLAGGED }));
    await playAll(entry, cases, (each, played, label) => {
      expectBlock(each, played, label);
      expect(played.decision?.findings, label).toMatchObject([
        { category: 'blocklist', moderator: 'blocklist', action: 'block' },
      ]);
      expect(played.decision?.unchecked, label).toEqual(each.arrangement === 'first' ? [] : uncheckedIn(each));
    });
  });
});

const isBetween = (least: number, most: number) => (value: number) => value >= least && value <= most;

describe('a fault that passes is judged by a later attempt', () => {
  const transient = PASSING.filter(({ title }) => !['429', 'a reset in the body'].includes(title)).flatMap((entry) =>
    [1, 2].map((times) => ({ ...entry, times })),
  );

  test.for(transient)('$title, $times time(s)', async ({ fault, times }) => {
    const cases = combinationsOf('alone', 'first').flatMap((each) => [each, { ...each, text: FLAGGED }]);
    await Promise.all(
      cases.map(async (each) => {
        const label = `${labelOf(each)}, ${each.text ?? CALM}`;
        const played = await play({ ...each, moderation: { deadline: 1_500 } }, fault, { times });
        if (each.text === FLAGGED) expectBlock(each, played, label);
        else expectPass(played, label);
        expect(played.decision, label).toMatchObject({ unchecked: [], verdicts: [{ moderator: 'openai-moderation' }] });
        expect(played.failures, label).toEqual([]);
        expect(played.settled, label).toHaveLength(1);
        expect(played.requests, label).toHaveLength(times + 1);
      }),
    );
  });

  test('the pauses grow, and none is shorter than Retry-After', async () => {
    const each: Case = {
      shape: 'input',
      arrangement: 'alone',
      whenUnchecked: 'block',
      moderation: { deadline: 1_500 },
    };
    const pausesAfter = async (fault: Faults['moderation']): Promise<readonly number[]> => {
      const { requests } = await play(each, fault, { times: 2 });
      return requests.slice(1).map(({ at }, index) => at - (requests[index]?.endedAt ?? at));
    };
    const [plain, asked] = await Promise.all([
      pausesAfter({ kind: 'status', status: 500 }),
      pausesAfter({ kind: 'status', status: 429, headers: { 'retry-after-ms': '250' } }),
    ]);
    const slack = 2; // the clocks of a timer and of a measurement differ by that much
    expect(plain).toEqual([
      expect.toSatisfy(isBetween(50 - slack, 150)),
      expect.toSatisfy(isBetween(100 - slack, 250)),
    ]);
    expect(asked).toEqual([
      expect.toSatisfy(isBetween(250 - slack, 300)),
      expect.toSatisfy(isBetween(250 - slack, 300)),
    ]);
  });

  test('with `retries: 0` it is asked once', async () => {
    await Promise.all(
      combinationsOf('alone').map(async (each) => {
        const label = labelOf(each);
        const played = await play(
          { ...each, moderation: { retries: 0, deadline: 1_000 } },
          { kind: 'status', status: 500 },
        );
        if (each.whenUnchecked === 'block') expectOutage(each, played, label);
        else expectUncheckedDelivery(each, played, label);
        expect(played.requests, label).toHaveLength(1);
        expect(played.took, label).toBeLessThan(250);
      }),
    );
  });
});

describe('the caller leaves', () => {
  /** Aborts a call once the server has the request, and asserts that it ends so, and at once. */
  async function leave(each: Case, fault: Faults['moderation']): Promise<readonly RecordedRequest[]> {
    const label = labelOf(each);
    await using server = await startServer();
    server.fault('moderation', fault);
    const guard = guardOf(server, { ...each, moderation: { deadline: 5_000 } });
    const told = listenTo(guard);
    const controller = new AbortController();
    const error = call(guard, each, controller.signal).then(
      (text) => new Error(`It ended with "${text}".`),
      (error: unknown) => error,
    );
    await vi.waitFor(() => expect(server.moderationRequests).toHaveLength(1), { interval: 5 });
    await pause(20); // the head, or the answer, has come as well
    const begun = performance.now();
    controller.abort();
    expect(await error, label).toMatchObject({ name: 'AbortError' });
    expect(performance.now() - begun, label).toBeLessThan(MARGIN);
    await guard.idle();
    await vi.waitFor(() => expect(server.moderationRequests[0]?.endedAt, label).toBeDefined(), { interval: 5 });
    expect(Number(server.moderationRequests[0]?.endedAt) - begun, label).toBeLessThan(2 * MARGIN);
    await pause(250); // longer than any pause before a second attempt
    expect(server.moderationRequests, label).toHaveLength(1);
    expect(told.settled, label).toMatchObject([{ call: kindOf(each), delivery: 'aborted' }]);
    expect(told.failures, label).toEqual([]);
    expect(told.flagged, label).toEqual([]);
    return server.moderationRequests;
  }

  const hanging: readonly FaultEntry[] = LATE.map((entry) =>
    typeof entry.fault === 'object'
      ? { ...entry, title: 'a slow body', fault: { kind: 'slow-body', ms: 3_000 } }
      : entry,
  );

  test.for(hanging)('$title: an AbortError at once, and the connection closes', async ({ fault }) => {
    await Promise.all(
      combinationsOf('alone', 'beside', 'first').map(async (each) => {
        const requests = await leave(each, fault);
        expect(requests, labelOf(each)).toMatchObject([{ aborted: true }]);
      }),
    );
  });

  test('between two attempts: an AbortError at once, and no second attempt', async () => {
    const fault: Faults['moderation'] = { kind: 'status', status: 429, headers: { 'retry-after-ms': '200' } };
    await Promise.all(combinationsOf('alone', 'beside', 'first').map((each) => leave(each, fault)));
  });
});

describe('what will not pass by itself', () => {
  afterEach(() => vi.restoreAllMocks());
  const CALLS = 20;

  /** Calls of one guard, one after the other. */
  async function callAgainAndAgain(each: Case, status: number) {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    await using server = await startServer();
    server.fault('moderation', { kind: 'status', status });
    const guard = guardOf(server, { ...each, moderation: { breaker: {} } });
    const told = listenTo(guard);
    for (let index = 0; index < CALLS; index += 1) {
      const text = `${index} ${CALM}`; // a single sentence, so that a stream is one window too
      expect(await call(guard, { ...each, text })).toBe(
        each.whenUnchecked === 'block' ? OUTAGE : each.shape === 'input' ? CALM : text,
      );
    }
    await guard.idle();
    const lines = error.mock.calls.map((line) => line.join(' '));
    expect(told.settled).toHaveLength(CALLS);
    for (const settled of told.settled) expect(decisionOf(each, [settled])?.unchecked).toEqual(uncheckedIn(each));
    expect(told.flagged).toEqual([]);
    expect(told.failures).toHaveLength(CALLS);
    return { lines, asked: server.moderated, ...told };
  }
  const reasonsOf = (failures: readonly Events['moderator-failed'][]) => failures.map(({ reason }) => reason);

  test.for([401, 403, 404])('%i: asked once a call, said once, and not asked any more after five', async (status) => {
    for (const each of combinationsOf('alone')) {
      const { lines, asked, breaker, failures } = await callAgainAndAgain(each, status);
      expect(lines).toEqual([expect.stringMatching(/^\[chaperone\] openai-moderation: \S.*\.$/)]);
      expect(lines[0]).not.toMatch(/calm|lake/i);
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked).toHaveLength(5);
      expect(breaker).toEqual([{ moderator: 'openai-moderation', state: 'open' }]);
      expect(reasonsOf(failures)).toEqual(
        Array.from({ length: CALLS }, (_, index) => (index < 5 ? 'denied' : 'unavailable')),
      );
      vi.restoreAllMocks();
    }
  });

  test('400: asked once a call and said once; it is the fault of what was asked, so the breaker stays closed', async () => {
    for (const each of combinationsOf('alone')) {
      const { lines, asked, breaker, failures } = await callAgainAndAgain(each, 400);
      expect(lines).toEqual([expect.stringMatching(/^\[chaperone\] openai-moderation: \S.*400\.$/)]);
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked).toHaveLength(CALLS);
      expect(breaker).toEqual([]);
      expect(reasonsOf(failures)).toEqual(Array.from({ length: CALLS }, () => 'refused'));
      vi.restoreAllMocks();
    }
  });
});
