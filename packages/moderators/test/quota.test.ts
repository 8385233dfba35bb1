import {
  createGuard,
  firstAvailable,
  log,
  type BreakerState,
  type ChatMessage,
  type Decision,
  type Events,
  type FailureReason,
  type Guard,
  type Moderator,
} from '@chaperone/core';
import { startServer, type TestServer } from '@chaperone/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { estimateTokens } from '../../core/src/moderation/tokens.ts';
import { blocklist, openaiModeration } from '../src/index.ts';
import { randomOf, story } from './support/texts.ts';

/** What a check may take beyond the deadlines of those that it asks. */
const MARGIN = 50;

const openai = (server: TestServer) => openaiModeration({ baseURL: server.url, apiKey: 'none' });
const findZorp = (text: string) => ({ flagged: text.includes('zorp') ? ['violence'] : [] });

interface Timed {
  readonly decision: Decision;
  /** Milliseconds. */
  readonly took: number;
}

async function timed(check: Promise<Decision>): Promise<Timed> {
  const begun = performance.now();
  return { decision: await check, took: performance.now() - begun };
}

/** Why the only moderator could not say anything; `undefined`: it did. */
function reasonOf({ verdicts: [verdict] }: Decision): FailureReason | undefined {
  return verdict?.status === 'failed' ? verdict.reason : undefined;
}

const isJudged = ({ verdicts }: Decision): boolean => verdicts.some(({ status }) => /clear|flagged/.test(status));
const countOf = (reasons: readonly unknown[], reason: unknown): number =>
  reasons.filter((each) => each === reason).length;

describe.concurrent('50 chats at once, with a service that takes 10,000 tokens a minute', () => {
  const CHATS = 50;
  const TURNS = 3;
  const DEADLINE = 1_000;
  const quota = { tokens: 10_000 };

  const isOdd = (chat: number, turn: number): boolean => chat % 10 === 0 && turn === 1;

  /** What a user says, 400 to 800 characters; some of them write Chinese, and some say the word. */
  function userSays(chat: number, turn: number): string {
    const number = chat * 100 + turn * 2;
    const text = story(number, 400 + (number % 400), chat % 5 === 4 ? 'chinese' : 'latin');
    return isOdd(chat, turn) ? `${text} zorp` : text;
  }
  const modelSays = (chat: number, turn: number): string => story(chat * 100 + turn * 2 + 1, 60 + ((chat + turn) % 60));

  interface Outcome {
    readonly settled: readonly Events['settled'][];
    readonly failures: readonly Events['moderator-failed'][];
    /** Milliseconds of each check. */
    readonly took: readonly number[];
  }

  async function hold(guard: Guard): Promise<Outcome> {
    const settled: Events['settled'][] = [];
    const failures: Events['moderator-failed'][] = [];
    guard.on('settled', (event) => settled.push(event));
    guard.on('moderator-failed', (event) => failures.push(event));
    const took: number[] = [];
    const talk = async (chat: number): Promise<void> => {
      const messages: ChatMessage[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        messages.push({ role: 'user', content: userSays(chat, turn) });
        let begun = performance.now();
        const generate = async (): Promise<string> => {
          took.push(performance.now() - begun);
          await pause(chat % 7);
          begun = performance.now();
          return modelSays(chat, turn);
        };
        const reply = await guard.wrap(generate)(messages, { context: { requestId: `${chat}/${turn}` } });
        took.push(performance.now() - begun);
        messages.push({ role: 'assistant', content: reply });
      }
    };
    await Promise.all(Array.from({ length: CHATS }, (_, chat) => talk(chat)));
    await guard.idle();
    return { settled, failures, took };
  }

  const decisionsOf = ({ settled }: Outcome): readonly Decision[] =>
    settled.flatMap(({ input, output }) => [input, output]).filter((decision) => decision !== undefined);

  const callsOf = (of: (chat: number, turn: number) => boolean): string[] =>
    Array.from({ length: CHATS * TURNS }, (_, call) => [Math.floor(call / TURNS), call % TURNS] as const)
      .filter(([chat, turn]) => of(chat, turn))
      .map(([chat, turn]) => `${chat}/${turn}`);
  const idsOf = (settled: readonly Events['settled'][]): string[] =>
    settled.map(({ context }) => context.requestId ?? '').toSorted();

  function expectQuotaKept(server: TestServer, outcome: Outcome): void {
    expect(server.quotaRefusals).toBe(0);
    expect(server.mostTokensInWindow).toBeLessThanOrEqual(quota.tokens);
    expect(idsOf(outcome.settled), 'one `settled` for each call').toEqual(callsOf(() => true).toSorted());
    expect(new Set(outcome.failures.map(({ reason }) => reason))).toEqual(new Set(['quota']));
  }

  test('the service is never asked for more, and whom it cannot serve the next member judges, at once, and says so', async () => {
    await using server = await startServer({ quota, moderation: findZorp, timing: { moderation: 15 } });
    const guard = createGuard({
      moderators: [firstAvailable([openai(server), blocklist(['zorp'])])],
      moderation: { quota, deadline: DEADLINE },
    });
    const outcome = await hold(guard);
    expectQuotaKept(server, outcome);
    expect(Math.max(...outcome.took)).toBeLessThan(2 * DEADLINE + MARGIN);

    const decisions = decisionsOf(outcome);
    const verdicts = decisions.flatMap((decision) => decision.verdicts);
    expect(verdicts).toHaveLength(decisions.length);
    const byService = verdicts.filter(({ moderator }) => moderator === 'openai-moderation');
    const byList = verdicts.filter(({ moderator }) => moderator === 'blocklist');
    expect(byService.length).toBeGreaterThan(0);
    expect(byList.length).toBeGreaterThan(0);
    expect(byService.length + byList.length).toBe(decisions.length);
    expect(server.moderated, 'what the service was asked is what it judged').toHaveLength(byService.length);
    for (const { members } of byService) expect(members).toMatchObject([{ moderator: 'openai-moderation' }]);
    for (const { members } of byList)
      expect(members).toMatchObject([
        { moderator: 'openai-moderation', status: 'failed', reason: 'quota' },
        { moderator: 'blocklist' },
      ]);
    expect(decisions.flatMap(({ unchecked }) => unchecked)).toEqual([]);
    const refused = outcome.settled.filter(({ delivery }) => delivery === 'refused');
    expect(idsOf(refused), 'whoever judged it').toEqual(callsOf(isOdd).toSorted());
  });

  test.each(['block', 'allow'] as const)(
    'without another member whom it cannot serve fails for the quota within the deadline: unchecked, whenUnchecked %s',
    async (whenUnchecked) => {
      await using server = await startServer({ quota, moderation: findZorp, timing: { moderation: 15 } });
      const guard = createGuard({
        moderators: [openai(server)],
        whenUnchecked,
        moderation: { quota, deadline: DEADLINE },
      });
      const outcome = await hold(guard);
      expectQuotaKept(server, outcome);
      expect(Math.max(...outcome.took)).toBeLessThan(DEADLINE + MARGIN);

      const decisions = decisionsOf(outcome);
      const verdicts = decisions.flatMap((decision) => decision.verdicts);
      const failed = verdicts.filter(({ status }) => status === 'failed');
      const judged = verdicts.filter(({ status }) => status === 'clear' || status === 'flagged');
      expect(judged.length).toBeGreaterThan(0);
      expect(failed.length).toBeGreaterThan(0);
      expect(judged.length + failed.length).toBe(decisions.length);
      // What a refusal said comes back in the history, and is judged there.
      expect(server.moderated.filter((text) => !text.startsWith('Sorry'))).toHaveLength(judged.length);
      for (const verdict of failed) expect(verdict).toMatchObject({ reason: 'quota' });
      for (const decision of decisions) {
        const { action, findings, unchecked } = decision;
        if (!isJudged(decision))
          expect(unchecked).toContainEqual(
            expect.objectContaining({ reason: 'failed', moderator: 'openai-moderation' }),
          );
        const isHeldBack = findings.length > 0 || (whenUnchecked === 'block' && unchecked.length > 0);
        expect(action).toBe(isHeldBack ? 'block' : 'allow');
      }
      for (const { delivery, input, output } of outcome.settled)
        expect(delivery).toBe([input, output].some((each) => each?.action === 'block') ? 'refused' : 'delivered');
    },
  );
});

describe.concurrent('A service that is down for ten seconds in the middle of steady traffic', () => {
  const DEADLINE = 1_000;
  const PAUSE = 2_000;
  const CHATS = 4;
  /** Milliseconds: when it goes down, when it is back, when the traffic ends. */
  const [DOWN, BACK, END] = [2_500, 12_500, 17_000];

  test(
    'is spared while it is down, asked again afterwards, and nothing passes unjudged',
    { timeout: 30_000 },
    async () => {
      await using server = await startServer({ moderation: findZorp, timing: { moderation: 5 } });
      const guard = createGuard({
        moderators: [openai(server)],
        moderation: { deadline: DEADLINE, breaker: { failures: 5, pause: PAUSE } },
      });
      const begun = performance.now();
      const now = (): number => performance.now() - begun;
      const states: { readonly state: BreakerState; readonly at: number }[] = [];
      guard.on('breaker', ({ state }) => states.push({ state, at: now() }));
      const settled: Events['settled'][] = [];
      guard.on('settled', (event) => settled.push(event));

      const checks: Promise<Timed & { readonly at: number; readonly isOdd: boolean }>[] = [];
      const talk = async (chat: number): Promise<void> => {
        await pause(chat * 50);
        for (let turn = 0; now() < END; turn++) {
          const isOdd = turn % 7 === chat;
          const text = `${story(chat * 1_000 + turn, 120)}${isOdd ? ' zorp' : ''}`;
          const at = now();
          checks.push(timed(guard.check(text)).then((check) => ({ ...check, at, isOdd })));
          await pause(CHATS * 50);
        }
      };
      const outage = async (): Promise<void> => {
        await pause(DOWN - now());
        server.fault('moderation', { kind: 'status', status: 500 });
        await pause(BACK - now());
        server.clearFaults();
      };
      await Promise.all([outage(), ...Array.from({ length: CHATS }, (_, chat) => talk(chat))]);
      const done = await Promise.all(checks);

      expect(settled).toHaveLength(done.length);
      expect(done.length).toBeGreaterThan(200);
      expect(Math.max(...done.map(({ took }) => took))).toBeLessThan(DEADLINE + MARGIN);

      // open, half-open, open, half-open, … closed
      const names = states.map(({ state }) => state);
      expect(names.filter((_, index) => index % 2 === 0)).toEqual(
        [...Array.from({ length: (names.length - 1) / 2 }, () => 'open'), 'closed'].slice(
          0,
          Math.ceil(names.length / 2),
        ),
      );
      expect(names.filter((_, index) => index % 2 === 1)).toEqual(
        Array.from({ length: Math.floor(names.length / 2) }, () => 'half-open'),
      );
      expect(names.at(-1)).toBe('closed');
      const tries = countOf(names, 'half-open');
      expect(tries).toBeGreaterThanOrEqual(3);
      const opened = states[0]?.at ?? 0;
      const closed = states.at(-1)?.at ?? 0;
      expect(opened).toBeGreaterThan(DOWN);
      expect(closed, 'it is tried again when the pause is over').toBeLessThan(BACK + PAUSE + 500);

      // What was on its way when the breaker opened still arrives.
      const arrived = server.moderationRequests.map(({ at }) => at - begun);
      const whileOpen = arrived.filter((at) => at > opened + MARGIN && at < closed);
      expect(whileOpen.length).toBeLessThanOrEqual(tries);

      for (const { decision, isOdd } of done) {
        const [verdict] = decision.verdicts;
        if (isJudged(decision)) {
          expect(verdict, 'the answer of the service').toHaveProperty('responseId');
          expect(decision.unchecked).toEqual([]);
          expect(decision.action).toBe(isOdd ? 'block' : 'allow');
        } else {
          expect(verdict).toMatchObject({ status: 'failed', reason: 'unavailable' });
          expect(decision.unchecked).toMatchObject([{ reason: 'failed', moderator: 'openai-moderation' }]);
          expect(decision.action).toBe('block');
        }
      }
      const judgedFrom = (from: number, to: number): boolean[] =>
        done.filter(({ at }) => at > from && at < to).map(({ decision }) => isJudged(decision));
      expect(new Set(judgedFrom(0, DOWN - DEADLINE))).toEqual(new Set([true]));
      expect(new Set(judgedFrom(opened, BACK - DEADLINE))).toEqual(new Set([false]));
      expect(new Set(judgedFrom(closed, Infinity))).toEqual(new Set([true]));
    },
  );
});

describe.concurrent('A quota of requests', () => {
  const DEADLINE = 1_000;
  async function checkInARow(guard: Guard, texts: readonly string[]): Promise<readonly Timed[]> {
    const done: Timed[] = [];
    for (const text of texts) done.push(await timed(guard.check(text)));
    return done;
  }
  const distinct = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, index) => story(from + index, 100));

  test('serves so many, and the rest fail at once where no time within the deadline could serve them', async () => {
    await using server = await startServer({ quota: { requests: 5 } });
    const guard = createGuard({
      moderators: [openai(server)],
      moderation: { quota: { requests: 5 }, deadline: DEADLINE },
    });
    const done = await checkInARow(guard, distinct(20));
    expect(done.map(({ decision }) => reasonOf(decision))).toEqual(
      Array.from({ length: 20 }, (_, index) => (index < 5 ? undefined : 'quota')),
    );
    expect(done.map(({ decision }) => decision.action)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index < 5 ? 'allow' : 'block')),
    );
    expect(Math.max(...done.map(({ took }) => took))).toBeLessThan(DEADLINE / 2);
    expect(server.mostRequestsInWindow).toBe(5);
    expect(server.quotaRefusals).toBe(0);
  });

  test('counts retries as well', async () => {
    await using server = await startServer({ quota: { requests: 2 } });
    server.fault('moderation', { kind: 'status', status: 500 });
    const guard = createGuard({
      moderators: [openai(server)],
      moderation: { quota: { requests: 2 }, deadline: DEADLINE, retries: 5 },
    });
    const [first, second] = await checkInARow(guard, distinct(2));
    expect(first && isJudged(first.decision)).toBe(false);
    expect(first?.took).toBeLessThan(DEADLINE + MARGIN);
    expect(second && reasonOf(second.decision)).toBe('quota');
    expect(server.mostRequestsInWindow).toBe(2);
  });

  test('is not spent on what is remembered, or already under way', async () => {
    await using server = await startServer({ timing: { moderation: 10 } });
    const guard = createGuard({ moderators: [openai(server)], moderation: { quota: { requests: 2 } } });
    const [one = '', other = ''] = distinct(2);
    await Promise.all(Array.from({ length: 10 }, () => guard.check(one)));
    const done = await checkInARow(guard, [one, other, one, other]);
    expect(done.map(({ decision }) => reasonOf(decision))).toEqual(Array.from({ length: 4 }, () => undefined));
    expect(server.moderationRequests).toHaveLength(2);
  });

  test('goes far with batches: what comes at the same moment is one request', async () => {
    await using server = await startServer({ quota: { requests: 2 } });
    const guard = createGuard({ moderators: [openai(server)], moderation: { quota: { requests: 2 } } });
    const done = await Promise.all(distinct(100).map((text) => guard.check(text)));
    expect(done.every(isJudged)).toBe(true);
    expect(server.moderationRequests).toHaveLength(2);
  });

  test('of tokens refuses at once a text that is more than the whole of it, and serves the others', async () => {
    await using server = await startServer({ quota: { tokens: 500 } });
    const guard = createGuard({ moderators: [openai(server)], moderation: { quota: { tokens: 500 } } });
    const texts = [story(1, 1_900, 'chinese'), ...distinct(5, 10)];
    const done = await Promise.all(texts.map((text) => timed(guard.check(text))));
    expect(done.map(({ decision }) => reasonOf(decision))).toEqual([
      'quota',
      ...Array.from({ length: 5 }, () => undefined),
    ]);
    expect(Math.max(...done.map(({ took }) => took))).toBeLessThan(DEADLINE / 2);
    expect(server.quotaRefusals).toBe(0);
  });
});

describe.concurrent('Tenants with keys of their own', () => {
  /** As an application hands it in whose tenants bring their keys. */
  const tenanted = (server: TestServer): Moderator => ({
    ...openai(server),
    partition: ({ tenant }) => tenant ?? '',
  });
  const ARRANGEMENTS: readonly (readonly [string, (server: TestServer) => Moderator])[] = [
    ['by itself', tenanted],
    ['in firstAvailable', (server) => firstAvailable([tenanted(server)])],
  ];
  const textsOf = (tenant: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${tenant}: ${story(index, 80)}`);
  const checkAll = (guard: Guard, tenant: string, texts: readonly string[]): Promise<Decision[]> =>
    Promise.all(texts.map((text) => guard.with({ tenant }).check(text)));

  test.each(ARRANGEMENTS)(
    'each have their own quota: when one has used up its own, others are served (%s)',
    async (_, of) => {
      await using server = await startServer();
      const guard = createGuard({ moderators: [of(server)], moderation: { quota: { requests: 3 }, batch: false } });
      const first = await checkAll(guard, 'blarg', textsOf('blarg', 5));
      expect(first.map(isJudged)).toEqual([true, true, true, false, false]);
      expect(first.map(reasonOf)).toEqual([undefined, undefined, undefined, 'quota', 'quota']);
      const second = await checkAll(guard, 'glimo', textsOf('glimo', 4));
      expect(second.map(isJudged)).toEqual([true, true, true, false]);
      expect(server.moderationRequests).toHaveLength(6);
    },
  );

  test.each(ARRANGEMENTS)('each have their own breaker: when one’s is open, others are served (%s)', async (_, of) => {
    await using server = await startServer({
      moderation(text) {
        if (text.startsWith('blarg')) throw new Error('This key does not work.');
        return findZorp(text);
      },
    });
    const guard = createGuard({
      moderators: [of(server)],
      moderation: { retries: 0, breaker: { failures: 3, pause: 60_000 } },
    });
    const states: BreakerState[] = [];
    guard.on('breaker', ({ state }) => states.push(state));
    for (const text of textsOf('blarg', 6))
      expect(reasonOf(await guard.with({ tenant: 'blarg' }).check(text))).toBe('unavailable');
    expect(states).toEqual(['open']);
    expect(server.moderationRequests).toHaveLength(3);
    expect((await checkAll(guard, 'glimo', textsOf('glimo', 6))).every(isJudged)).toBe(true);
    expect(states).toEqual(['open']);
  });

  test.each(ARRANGEMENTS)('share no request, not even where a batch is asked again in parts (%s)', async (_, of) => {
    await using server = await startServer({ timing: { moderation: 5 } });
    server.fault('moderation', 'too-few', { times: 1 });
    server.fault('moderation', { kind: 'status', status: 500 }, { times: 2 });
    const guard = createGuard({ moderators: [of(server)] });
    const tenants = ['blarg', 'glimo', 'navuk'];
    const rounds = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        if (index % 4 > 0) await pause(index % 4); // those of the first moment are a batch
        return Promise.all(tenants.map((tenant) => guard.with({ tenant }).check(`${tenant}: ${story(index, 80)}`)));
      }),
    );
    expect(rounds.flat().every(isJudged)).toBe(true);
    for (const { body } of server.moderationRequests) {
      const texts = [body.input].flat().filter((each) => typeof each === 'string');
      expect(new Set(texts.map((text) => text.split(':', 1)[0])).size).toBe(1);
    }
    expect(server.moderationRequests.length, 'and each has batches').toBeLessThan(50);
  });

  test.each(ARRANGEMENTS)('share no verdict, remembered or under way (%s)', async (_, of) => {
    await using server = await startServer({ timing: { moderation: 10 } });
    const guard = createGuard({ moderators: [of(server)] });
    const text = story(1, 80);
    const [blarg, glimo] = [guard.with({ tenant: 'blarg' }), guard.with({ tenant: 'glimo' })];
    await Promise.all([blarg.check(text), glimo.check(text), blarg.check(text), glimo.check(text)]);
    expect(server.moderated).toEqual([text, text]);
    await Promise.all([blarg.check(text), glimo.check(text)]);
    expect(server.moderated).toEqual([text, text]);
    await guard.with({ tenant: 'navuk' }).check(text);
    expect(server.moderated).toEqual([text, text, text]);
  });

  test('keep to their quota also where there are more than a hundred of them', async () => {
    await using server = await startServer();
    const guard = createGuard({ moderators: [tenanted(server)], moderation: { quota: { requests: 1 } } });
    const [first = '', second = ''] = textsOf('blarg', 2);
    await guard.with({ tenant: 'blarg' }).check(first);
    for (let other = 0; other < 120; other++) await guard.with({ tenant: `t${other}` }).check(`t${other}: hello`);
    expect(reasonOf(await guard.with({ tenant: 'blarg' }).check(second))).toBe('quota');
    expect(server.moderated.filter((text) => text.startsWith('blarg'))).toEqual([first]);
  });

  test('are spared a service that fails them also where there are more than a hundred of them', async () => {
    await using server = await startServer({
      moderation(text) {
        if (text.startsWith('blarg')) throw new Error('This key does not work.');
        return {};
      },
    });
    const guard = createGuard({
      moderators: [tenanted(server)],
      moderation: { retries: 0, breaker: { failures: 1, pause: 60_000 } },
    });
    const [first = '', second = ''] = textsOf('blarg', 2);
    await guard.with({ tenant: 'blarg' }).check(first);
    for (let other = 0; other < 120; other++) await guard.with({ tenant: `t${other}` }).check(`t${other}: hello`);
    await guard.with({ tenant: 'blarg' }).check(second);
    expect(server.moderated.filter((text) => text.startsWith('blarg'))).toEqual([first]);
  });
});

describe.concurrent('What somebody waits for', () => {
  const silent = { warn() {} };
  const watching = (server: TestServer, requests: number): Guard =>
    createGuard({
      moderators: [openai(server)],
      input: { fallback: log({ logger: silent }) },
      moderation: { quota: { requests }, concurrency: 1, batch: false },
    });
  const ask = (guard: Guard, input: string, output: string | Promise<string>): Promise<string> =>
    guard.wrap(async () => output)([{ role: 'user', content: input }]);

  test('goes before what nobody waits for, however much earlier that was asked', async () => {
    await using server = await startServer({ timing: { moderation: 20 } });
    const guard = watching(server, 8);
    const { promise: later, resolve: answer } = Promise.withResolvers<string>();
    const slow = Array.from({ length: 15 }, (_, index) => ask(guard, `beside ${index}`, later));
    await pause(5);
    const awaited = Array.from({ length: 5 }, (_, index) => `awaited ${index}`);
    expect(await Promise.all(awaited.map((text, index) => ask(guard, `beside ${15 + index}`, text)))).toEqual(awaited);
    await vi.waitFor(() => expect(server.moderated).toHaveLength(8));
    expect(server.moderated).toEqual(['beside 0', ...awaited, 'beside 1', 'beside 2']);
    answer('nobody can judge this any more');
    await Promise.all(slow);
    await guard.idle();
    expect(server.moderationRequests).toHaveLength(8);
  });

  test('goes before the rest also where it was asked already for somebody who does not wait', async () => {
    await using server = await startServer({ timing: { moderation: 20 } });
    const guard = watching(server, 4);
    const { promise: later, resolve: answer } = Promise.withResolvers<string>();
    const slow = Array.from({ length: 10 }, (_, index) => ask(guard, `beside ${index}`, later));
    await pause(5);
    expect(isJudged(await guard.check('beside 9'))).toBe(true);
    expect(server.moderated).toEqual(['beside 0', 'beside 9']);
    answer('nobody can judge this any more');
    await Promise.all(slow);
    await guard.idle();
    expect(server.moderated).toEqual(['beside 0', 'beside 9', expect.anything(), expect.anything()]);
  });
});

describe.concurrent('The estimate of tokens', () => {
  const SAMPLES: readonly (readonly [string, string])[] = [
    ['English', 'The queshy worpal of a navuk walked over a murnet, and nobody saw it. '],
    ['capitals', 'WORPAL TANDIL '],
    ['accents', 'Žluťoučký kůň, où été, ñandú, größer. '],
    ['Chinese', '山水风云日月花木石田。'],
    ['rare Chinese', '𠀀𠀁𡃁𪚥'],
    ['Japanese', 'この山は高いですね。ヤマ'],
    ['Korean', '산과 물과 바람. '],
    ['Arabic', 'الجبل والماء والريح، '],
    ['Hebrew', 'הר ומים ורוח. '],
    ['Russian', 'Гора, вода и ветер. '],
    ['Greek', 'Βουνό, νερό και άνεμος. '],
    ['Hindi', 'पहाड़ और पानी। '],
    ['Thai', 'ภูเขาและน้ำ'],
    ['emoji', '🦄🎈🌊'],
    ['joined emoji', '👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪'],
    ['code', 'const f=(a)=>{return a[0]?.b??"x"};\n\t// ok\n'],
    ['digits', '31415926535897932384'],
    ['punctuation', '!?.,;:-()[]{}<>/\\|"\'`~@#$%^&*_+='],
    ['spaces', ' '],
    ['tabs and lines', '\t\r\n'],
    ['control characters', '\u0001\u007f'],
    ['combining marks', 'z\u0301\u0323\u0489'],
    ['invisible characters', '\u200b\u2060\ufeff\u00ad'],
    ['lone surrogates', '\ud83d\ud83d\udc00'],
    ['ligatures', 'ﬁﷺ'],
    ['base64', 'Z2xpbW8gd29ycGFsIHRhbmRpbA=='],
  ];
  const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 50, 333, 1_999];

  async function expectNeverLess(texts: readonly string[]): Promise<void> {
    await using server = await startServer();
    for (const text of texts) {
      server.setQuota(undefined); // counts anew
      await fetch(`${server.url}/moderations`, { method: 'POST', body: JSON.stringify({ input: text }) });
      expect(server.mostRequestsInWindow).toBe(1);
      expect(estimateTokens(text), JSON.stringify(text)).toBeGreaterThanOrEqual(server.mostTokensInWindow);
    }
  }

  test.each(SAMPLES)('is never less than the service counts: %s', async (_, sample) => {
    await expectNeverLess(LENGTHS.map((length) => sample.repeat(Math.ceil(length / sample.length)).slice(0, length)));
  });

  test('is never less than the service counts: everything mixed', async () => {
    const characters = SAMPLES.flatMap(([, sample]) => Array.from(sample));
    const random = randomOf(7);
    const mixture = (): string =>
      Array.from(
        { length: Math.ceil(200 * random() ** 2) },
        () => characters[Math.floor(random() * characters.length)],
      ).join('');
    await expectNeverLess(Array.from({ length: 200 }, mixture));
  });

  test('is not so high that English could use only half of a quota', () => {
    const text = story(1, 1_900);
    expect(estimateTokens(text)).toBeLessThan((text.length / 4) * 1.5);
  });

  test.each(['message', 'conversation'] as const)(
    'counts all that a moderator is given that reads a %s',
    async (reads) => {
      const quota = { tokens: 400 };
      await using server = await startServer({ quota });
      const inner = openai(server);
      const reader: Moderator = {
        ...inner,
        reads,
        moderate: (items, options) =>
          inner.moderate(
            items.map((item) => {
              const text = [...(item.conversation ?? []), ...(item.message ?? [])].map((each) => each.text).join('\n');
              return { ...item, segment: { ...item.segment, text } };
            }),
            options,
          ),
      };
      const guard = createGuard({ moderators: [reader], moderation: { quota } });
      for (let number = 0; number < 6; number++) {
        const parts = Array.from(
          { length: 5 },
          (_, part) => ({ type: 'text', text: story(number * 10 + part, 90) }) as const,
        );
        await guard.check([
          { role: 'user', content: story(number * 10 + 6, 90) },
          { role: 'assistant', content: 'Go on.' },
          { role: 'user', content: parts },
        ]);
      }
      expect(server.quotaRefusals).toBe(0);
      expect(server.mostTokensInWindow).toBeLessThanOrEqual(quota.tokens);
    },
  );
});

describe('Over many minutes', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each<readonly [string, { readonly tokens?: number; readonly requests?: number }]>([
    ['tokens', { tokens: 1_000 }],
    ['requests', { requests: 7 }],
    ['both', { tokens: 1_000, requests: 12 }],
  ])(
    'the service is never asked for more in any minute, and what it lets itself be asked is used: %s',
    async (_, quota) => {
      // The clock alone: what waits for a timer or for the network goes on.
      vi.useFakeTimers({ toFake: ['performance'] });
      await using server = await startServer({ quota });
      const guard = createGuard({ moderators: [openai(server)], moderation: { quota, batch: false, deadline: 1 } });
      const random = randomOf(3);
      let judged = 0;
      for (let number = 0; number < 400; number++) {
        vi.advanceTimersByTime(random() < 0.1 ? 20_000 * random() : 2_000 * random());
        const decision = await guard.check(story(number, 50 + Math.floor(random() * 300)));
        if (isJudged(decision)) judged += 1;
        else expect(reasonOf(decision)).toBe('quota');
      }
      const minutes = performance.now() / 60_000;
      expect(minutes).toBeGreaterThan(5);
      expect(server.quotaRefusals).toBe(0);
      expect(server.mostTokensInWindow).toBeLessThanOrEqual(quota.tokens ?? Infinity);
      expect(server.mostRequestsInWindow).toBeLessThanOrEqual(quota.requests ?? Infinity);
      expect(judged / minutes).toBeGreaterThan(6);
    },
  );
});
