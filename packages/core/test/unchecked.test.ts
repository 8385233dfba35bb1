import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { clear, failed, flag, log, retry, unsupported } from '../src/index.ts';
import { ask, FORMS, model, texts, watch, within } from './support/guards.ts';
import { answering, hang, scripted, type Script } from './support/moderators.ts';
import { chat, protocol, reply, type Adapter, type ChatRequest } from './support/protocol.ts';

const words = { '*': 'It was flagged.', unchecked: 'It was an outage.' };
const message = { input: words, output: words };
const down: Script = () => failed('unavailable');

function throwing(): never {
  throw new Error('no');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Each way of giving no verdict, and the reason that the verdict gives. */
const FAILURES: Readonly<Record<string, readonly [reason: string, answer: () => unknown]>> = {
  'throws at once': ['unavailable', () => void JSON.parse('{')],
  rejects: ['unavailable', () => Promise.reject(new Error('no'))],
  'rejects with nothing': ['unavailable', () => Promise.reject(undefined)],
  'hangs beyond its deadline': ['timeout', hang],
  'gives undefined': ['malformed', async () => undefined],
  'gives null': ['malformed', async () => null],
  'gives undefined instead of a promise': ['malformed', () => undefined],
  'gives too few reports': ['malformed', async () => []],
  'gives too many reports': ['malformed', async () => [clear(), clear()]],
  'gives a hole': ['malformed', async () => [undefined]],
  'gives an array with nothing in it': ['malformed', async () => Array.from({ length: 1 })],
  'gives a sparse array': ['malformed', async () => Object.assign([], { length: 1 })],
  'gives a report without its array': ['malformed', async () => clear()],
  'gives something that only says failed': ['malformed', async () => ({ status: 'failed' })],
  'gives a boolean': ['malformed', async () => [true]],
  'gives a string': ['malformed', async () => 'clear'],
  "gives a service's own error": ['malformed', async () => [{ type: 'error' }]],
  'gives an unknown status': ['malformed', async () => [{ status: 'ok', flagged: [], scores: {} }]],
  'gives no scores': ['malformed', async () => [{ status: 'clear', flagged: [] }]],
  'gives a NaN score': ['malformed', async () => [clear({ zorp: Number.NaN })]],
  'gives an infinite score': ['malformed', async () => [clear({ zorp: -Infinity })]],
  'gives a score below 0': ['malformed', async () => [clear({ zorp: -0.5 })]],
  'gives a score above 1': ['malformed', async () => [clear({ zorp: 75 })]],
  'gives a score as a string': ['malformed', async () => [{ status: 'clear', flagged: [], scores: { zorp: '0.1' } }]],
  'gives flagged as a string': ['malformed', async () => [{ status: 'clear', flagged: 'zorp', scores: {} }]],
  'gives a report with a getter that throws': [
    'unavailable',
    async () => [Object.defineProperty({}, 'status', { get: throwing })],
  ],
  'gives scores with a getter that throws': [
    'unavailable',
    async () => [{ ...clear(), scores: Object.defineProperty({}, 'zorp', { enumerable: true, get: throwing }) }],
  ],
  'gives a report that is a Proxy that throws': ['unavailable', async () => [new Proxy({}, { get: throwing })]],
  'gives an answer that is a revoked Proxy': ['unavailable', async () => [revoked()]],
  'says that it failed': ['denied', async () => [failed('denied')]],
};

describe.each(FORMS)('As a %s', (form) => {
  describe.each(['input', 'output'] as const)('at the %s', (stage) => {
    const other = stage === 'input' ? 'output' : 'input';
    const at = <M>(moderators: readonly M[]): { input: readonly M[]; output: readonly M[] } => ({
      input: [],
      output: [],
      [stage]: moderators,
    });

    test('of two moderators one fails and one is clear: the call is unchecked and does not pass', async () => {
      const guard = watch({
        moderators: at([scripted({ name: 'down', script: down }), scripted({ name: 'up' })]),
        message,
      });
      const { generations, answer } = model(reply('fine'));
      const came = await ask(form, guard, chat('hello'), { generations, answer });
      expect(came.delivery).toBe('refused');
      expect(texts(came.reply)).toEqual([came[stage]?.message]);
      expect(came[stage]).toMatchObject({
        action: 'block',
        findings: [],
        unchecked: [{ reason: 'failed', moderator: 'down' }],
      });
      expect(came[stage]?.message).toBe('It was an outage.');
      expect(generations).toHaveLength(stage === 'input' ? 0 : 1);
      expect(guard.told.flagged).toEqual([]);
      expect(guard.told['moderator-failed']).toHaveLength(1);
    });

    test('the same is released where the user allows it, and still says that it was not checked', async () => {
      const guard = watch({
        moderators: at([scripted({ name: 'down', script: down }), scripted({ name: 'up' })]),
        whenUnchecked: 'allow',
      });
      const came = await ask(form, guard, chat('hello'), model(reply('fine')));
      expect(came.delivery).toBe('delivered');
      expect(texts(came.reply)).toEqual(['fine']);
      expect(came[stage]).toMatchObject({ action: 'allow', unchecked: [{ reason: 'failed', moderator: 'down' }] });
      expect(guard.told.settled[0]?.[stage]?.unchecked).toHaveLength(1);
    });

    test.each(['block', 'allow'] as const)(
      "a clear block blocks although the other failed, with whenUnchecked '%s'",
      async (whenUnchecked) => {
        const guard = watch({
          moderators: at([scripted({ name: 'down', script: down }), scripted({ name: 'up' })]),
          whenUnchecked: { failed: whenUnchecked },
          message,
        });
        const came = await ask(form, guard, chat(stage === 'input' ? 'zorp' : 'hello'), model(reply('zorp')));
        expect(came.delivery).toBe('refused');
        expect(texts(came.reply).join()).not.toMatch(/zorp/);
        expect(came[stage]?.findings).toHaveLength(1);
        expect(came[stage]?.unchecked).toHaveLength(1);
        expect(came[stage]?.message).toBe('It was flagged.');
        expect(guard.told.flagged).toHaveLength(1);
      },
    );

    test('a stage without a moderator is unchecked', async () => {
      const guard = watch({ moderators: { ...at([]), [other]: [scripted()] } });
      const came = await ask(form, guard, chat('hello'), model(reply('fine')));
      expect(came.delivery).toBe('delivered');
      expect(came[stage]?.unchecked).toEqual([expect.objectContaining({ reason: 'unsupported' })]);
    });
  });

  test.each([
    ['readRequest', 'input'],
    ['readReply', 'output'],
  ] as const)('an adapter whose %s throws has not read: the %s is unchecked', async (method, stage) => {
    const broken: Adapter = {
      ...protocol,
      [method]: () => {
        throw new Error('cannot read');
      },
      ...(method === 'readReply' && {
        openStream: (request: ChatRequest) => ({
          ...protocol.openStream(request),
          read: () => {
            throw new Error('cannot read');
          },
        }),
      }),
    };
    const blocking = watch({ moderators: [scripted()] });
    const came = await ask(form, blocking, chat('hello'), model(reply('fine')), { adapter: broken });
    expect(came.delivery).toBe('refused');
    expect(texts(came.reply)).toEqual([came[stage]?.message]);
    expect(came[stage]).toMatchObject({ action: 'block', findings: [], unchecked: [{ reason: 'failed' }] });

    const allowing = watch({ moderators: [scripted()], whenUnchecked: 'allow' });
    const passed = await ask(form, allowing, chat('hello'), model(reply('fine')), { adapter: broken });
    expect(passed.delivery).toBe('delivered');
    expect(texts(passed.reply)).toEqual(['fine']);
    expect(passed[stage]?.unchecked).toHaveLength(1);
  });

  test('a reply of which one choice could not be checked keeps the others', async () => {
    const guard = watch({
      moderators: [scripted({ script: ({ segment }) => (segment.text === 'odd' ? failed('refused') : clear()) })],
    });
    const came = await ask(form, guard, chat('hello'), model(reply('fine', 'odd')));
    expect(new Set(texts(came.reply))).toEqual(new Set(['fine', came.output?.message]));
    expect(came.delivery).toBe('refused');
  });

  describe('a block only for what could not be checked', () => {
    const moderators = {
      input: [scripted()],
      output: [scripted({ name: 'down', script: down })],
    };
    test('takes otherwise where the fallback retries', async () => {
      const guard = watch({ moderators, fallback: retry({ maxRetries: 3 }) });
      const generated = model(reply('fine'));
      const came = await ask(form, guard, chat('hello'), generated);
      expect(came.delivery).toBe('refused');
      expect(generated.generations).toHaveLength(1);
      expect(guard.told.retried).toEqual([]);
    });

    test('is released where the fallback logs', async () => {
      const lines: string[] = [];
      const guard = watch({ moderators, fallback: log({ logger: { warn: (line) => lines.push(line) } }) });
      const came = await ask(form, guard, chat('hello'), model(reply('fine')));
      expect(texts(came.reply)).toEqual(['fine']);
      expect(came.delivery).toBe('delivered');
      expect(came.output?.unchecked).toHaveLength(1);
      expect(lines).toEqual([expect.stringContaining('failed (down)')]);
      expect(guard.told.flagged).toEqual([]);
    });
  });
});

describe.each(Object.entries(FAILURES))('A moderator that %s has failed', (_, [reason, answer]) => {
  test.each(['block', 'allow'] as const)("with whenUnchecked '%s' in a check", async (whenUnchecked) => {
    const guard = watch({
      moderators: [answering(answer)],
      moderation: { deadline: 20 },
      whenUnchecked: { failed: whenUnchecked },
    });
    const decision = await within(1_000, guard.check('text'));
    expect(decision).toMatchObject({
      action: whenUnchecked,
      findings: [],
      unchecked: [{ path: 'content', reason: 'failed', moderator: 'words' }],
      verdicts: [{ status: 'failed', moderator: 'words', reason }],
    });
    expect(guard.told['moderator-failed']).toMatchObject([{ moderator: 'words', stage: 'input', reason, items: 1 }]);
  });

  test.each(FORMS)('and refuses a call as a %s', async (form) => {
    const guard = watch({ moderators: { input: [], output: [answering(answer)] }, moderation: { deadline: 20 } });
    const came = await within(1_000, ask(form, guard, chat('hello'), model(reply('fine'))));
    expect(came).toMatchObject({ delivery: 'refused', output: { action: 'block' } });
    expect(texts(came.reply)).toEqual([came.output?.message]);
  });
});

describe('What no moderator supports', () => {
  const image = new URL('https://example.test/a.png');
  test('is unchecked and allowed by default, blocked where the user says so', async () => {
    const moderator = scripted();
    expect(await watch({ moderators: [moderator] }).check(image)).toMatchObject({
      action: 'allow',
      unchecked: [{ path: 'content', reason: 'unsupported' }],
    });
    const strict = watch({ moderators: [moderator], whenUnchecked: { unsupported: 'block' }, message });
    const decision = await strict.check(image);
    expect(decision).toMatchObject({ action: 'block', findings: [] });
    expect(decision.message).toBe('It was an outage.');
    expect(moderator.requests).toEqual([]);
  });

  test('is not unchecked when another moderator covers it', async () => {
    const eyes = scripted({ name: 'eyes', kinds: ['image'], script: () => clear() });
    const guard = watch({ moderators: [scripted(), eyes] });
    expect(await guard.check(image)).toMatchObject({ action: 'allow', unchecked: [] });
    expect(eyes.requests).toHaveLength(1);
  });

  test.each([
    ['kind', 'unsupported', 'allow'],
    ['language', 'unsupported', 'allow'],
    ['too-large', 'too-large', 'block'],
  ] as const)("a moderator's own %s is unchecked as %s: %s by default", async (said, reason, action) => {
    const guard = watch({ moderators: [scripted({ script: () => unsupported(said) })] });
    expect(await guard.check('text')).toMatchObject({ action, unchecked: [{ reason, moderator: 'words' }] });
    expect(guard.told['moderator-failed']).toEqual([]);
  });

  test('each reason has its own rule', async () => {
    const guard = watch({
      moderators: [
        scripted({ script: ({ segment }) => (segment.text === 'big' ? unsupported('too-large') : failed('quota')) }),
      ],
      whenUnchecked: { tooLarge: 'allow', failed: 'block' },
    });
    expect((await guard.check('big')).action).toBe('allow');
    expect((await guard.check('other')).action).toBe('block');
  });
});

test('A partition that throws leaves the item unchecked, and is told', async () => {
  const guard = watch({
    moderators: [
      scripted({
        partition: () => {
          throw new Error('no tenant');
        },
      }),
    ],
  });
  expect(await guard.check('fine')).toMatchObject({
    action: 'block',
    unchecked: [{ reason: 'failed', moderator: 'words' }],
  });
  expect(guard.told['moderator-failed']).toMatchObject([{ moderator: 'words' }]);
});

describe('An older turn that could not be checked', () => {
  const messages = [
    { role: 'user', content: 'odd' },
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'and now?' },
  ];
  const moderator = scripted({ script: ({ segment }) => (segment.text === 'odd' ? failed('unavailable') : clear()) });

  test.each(['block', 'allow'] as const)("is unchecked in a check too, with whenUnchecked '%s'", async (rule) => {
    const decision = await watch({ moderators: [moderator], whenUnchecked: rule }).check(messages);
    expect(decision.unchecked).toEqual([{ path: 'content[0].content', reason: 'failed', moderator: 'words' }]);
    expect(decision.action).toBe(rule);
  });

  test('is unchecked in a call: not taken out for a passing trouble, but not passed either', async () => {
    const guard = watch({ moderators: [moderator] });
    const came = await ask('reply', guard, chat('odd', 'yes', 'and now?'), model(reply('fine')));
    expect(came.delivery).toBe('refused');
    expect(came.input).toMatchObject({ omitted: [], unchecked: [{ path: 'turns[0].parts[0]', reason: 'failed' }] });
  });
});

describe('For every answer that a moderator could give', () => {
  let spy: MockInstance;
  beforeEach(() => {
    spy = vi.spyOn(console, 'error').mockReturnValue();
  });
  afterEach(() => {
    spy.mockRestore();
  });

  test('rubbish is never a pass: only a whole report that is clear is one', async () => {
    const rubbish = fc.oneof(
      fc.anything(),
      fc.array(fc.anything(), { maxLength: 2 }),
      fc
        .record(
          {
            status: fc.oneof(fc.constantFrom('clear', 'flagged', 'failed', 'unsupported'), fc.anything()),
            flagged: fc.oneof(fc.constant([]), fc.constant(['zorp']), fc.anything()),
            scores: fc.oneof(fc.constant({}), fc.dictionary(fc.string(), fc.double()), fc.anything()),
            reason: fc.oneof(fc.constantFrom('timeout', 'kind'), fc.anything()),
          },
          { requiredKeys: [] },
        )
        .map((report) => [report]),
    );
    await fc.assert(
      fc.asyncProperty(rubbish, async (answer) => {
        const guard = watch({
          moderators: [answering(async () => answer)],
          whenUnchecked: 'block',
          moderation: { deadline: 50 },
        });
        const decision = await guard.check('text');
        if (decision.action === 'block') return;
        const [report] = answer as { status: unknown; flagged: unknown; scores: object }[];
        expect(answer).toHaveLength(1);
        expect(report).toMatchObject({ status: 'clear', flagged: [] });
        for (const score of Object.values(report?.scores ?? { none: Number.NaN })) {
          if (score === undefined) continue;
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('a flag of any name is never a pass', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (name) => {
        const guard = watch({ moderators: [scripted({ script: () => flag([name]) })] });
        expect((await guard.check('text')).action).toBe('block');
      }),
    );
  });
});
