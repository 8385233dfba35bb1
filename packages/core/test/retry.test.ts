import { describe, expect, test } from 'vitest';
import { failed, log, reject, retry, type Fallback, type Outcome } from '../src/index.ts';
import { ask, collect, FORMS, iterate, model, texts, watch, within, type Generation } from './support/guards.ts';
import { findWords, hang, scripted } from './support/moderators.ts';
import { chat, chunksOf, joined, protocol, reply, textOf, type Chunk } from './support/protocol.ts';

const usage = { inputTokens: 10, outputTokens: 3 };
const flagged = { ...reply('this is zorp'), usage };
const fine = { ...reply('this is fine'), usage };

describe.each(FORMS)('As a %s', (form) => {
  test.each([0, 1, 2, 5])('maxRetries %d makes at most one more generation, each is judged', async (maxRetries) => {
    const moderator = scripted({ script: findWords });
    const guard = watch({
      moderators: { input: [], output: [moderator] },
      output: { fallback: retry({ maxRetries }) },
    });
    const generated = model(...Array.from({ length: 9 }, (_, index) => reply(`zorp ${index}`)));
    const came = await ask(form, guard, chat('hello'), generated);
    expect(came).toMatchObject({ delivery: 'refused', attempts: maxRetries + 1 });
    expect(generated.generations.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: maxRetries + 1 }, (_, index) => index + 1),
    );
    expect(moderator.texts()).toEqual(Array.from({ length: maxRetries + 1 }, (_, index) => `zorp ${index}`));
    expect(guard.told.flagged).toHaveLength(maxRetries + 1);
    expect(guard.told.retried.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: maxRetries }, (_, index) => index + 1),
    );
    expect(texts(came.reply)).toEqual([came.output?.message]);
  });

  test('the first reply that is clear is delivered, and its usage includes that of the others', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry({ maxRetries: 3 }) } });
    const came = await ask(form, guard, chat('hello'), model(flagged, flagged, fine));
    expect(texts(came.reply)).toEqual(['this is fine']);
    expect(came).toMatchObject({
      delivery: 'delivered',
      attempts: 3,
      reply: { usage: { inputTokens: 30, outputTokens: 9 } },
    });
    expect(guard.told.settled[0]?.usage).toEqual({ inputTokens: 30, outputTokens: 9, unknown: 0 });
  });

  test('usage that nobody reported is unknown and never 0', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    await ask(form, guard, chat('hello'), model(reply('zorp'), fine));
    await ask(form, guard, chat('hello'), model(reply('fine')));
    expect(guard.told.settled.map((event) => event.usage)).toEqual([{ ...usage, unknown: 1 }, 'unknown']);
  });

  test('the feedback names the categories and never quotes the text', async () => {
    const guard = watch({
      moderators: [
        scripted({
          script: () => findWords({ stage: 'output', segment: { kind: 'text', role: 'user', path: '', text: 'zorp' } }),
        }),
      ],
      input: { scope: () => false },
      output: { fallback: retry() },
    });
    const generated = model(reply('a canary sang'));
    await ask(form, guard, chat('hello'), generated);
    const [first, second] = generated.generations.map(({ request }) => textOf(request));
    expect(first).toBe('hello');
    expect(second).toMatch(/^hello\n.*zorp/);
    expect(second).not.toMatch(/canary|sang/);
  });

  test('the next feedback takes the place of the last', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry({ maxRetries: 2 }) } });
    const generated = model(reply('zorp'));
    await ask(form, guard, chat('hello'), generated);
    expect(generated.generations.map(({ request }) => request.turns.length)).toEqual([1, 2, 2]);
  });

  test('an upstream error after a flagged attempt takes otherwise', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry({ maxRetries: 2 }) } });
    const came = await ask(form, guard, chat('hello'), model(reply('zorp'), new Error('down')));
    expect(came).toMatchObject({ delivery: 'refused', attempts: 2, output: { action: 'block' } });
    expect(texts(came.reply)).toEqual([came.output?.message]);
  });

  test('a reply that is released after an upstream error carries its own usage, and that of the others once', async () => {
    const parts = { choices: [{ text: 'one', args: '{"say":"zorp"}' }, { text: 'two' }], usage };
    for (const [maxRetries, answers, total] of [
      [1, [parts, new Error('down')], usage],
      [2, [flagged, parts, new Error('down')], { inputTokens: 20, outputTokens: 6 }],
    ] as const) {
      const otherwise = log({ logger: { warn: () => {} } });
      const guard = watch({ moderators: [scripted()], output: { fallback: retry({ maxRetries, otherwise }) } });
      const came = await ask(form, guard, chat('hello'), model(...answers));
      expect(came).toMatchObject({ delivery: 'delivered', attempts: maxRetries + 1 });
      expect(came.reply).toEqual({ ...parts, usage: total });
      expect(guard.told.settled[0]?.usage).toEqual({ ...total, unknown: 1 });
    }
  });

  test('an upstream error of the first attempt is the callers', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    const down = new Error('down');
    await expect(ask(form, guard, chat('hello'), model(down))).rejects.toBe(down);
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored', attempts: 1 }]);
  });

  test('a request that takes no feedback takes otherwise', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    const generated = model(reply('zorp'));
    const came = await ask(form, guard, { ...chat('hello'), isSealed: true }, generated);
    expect(came.delivery).toBe('refused');
    expect(generated.generations).toHaveLength(1);
    expect(guard.told.retried).toEqual([]);
  });

  test('an adapter that fails to add feedback takes otherwise', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    const adapter = {
      ...protocol,
      addFeedback: () => {
        throw new Error('no');
      },
    };
    expect((await ask(form, guard, chat('hello'), model(reply('zorp')), { adapter })).delivery).toBe('refused');
  });

  test.each<readonly [string, () => unknown]>([
    ['throws', () => void JSON.parse('{')],
    ['gives nothing', () => undefined],
    ['gives a promise', async () => 'again'],
    ['gives a number', () => 5],
  ])('a feedback function that %s takes otherwise', async (_, feedback) => {
    const otherwise = reject({ message: 'Never' });
    const fallback = retry({ maxRetries: 2, feedback: feedback as () => string, otherwise });
    const guard = watch({ moderators: [scripted()], output: { fallback } });
    const came = await ask(form, guard, chat('hello'), model(reply('zorp'), reply('fine')));
    expect(came).toMatchObject({ delivery: 'refused', attempts: 1 });
    expect(texts(came.reply)).toEqual(['Never']);
    expect(guard.told.retried).toEqual([]);
  });

  test('on the input it takes otherwise: no generation', async () => {
    const guard = watch({ moderators: [scripted()], fallback: retry({ otherwise: reject({ message: 'Never' }) }) });
    const generated = model(reply('fine'));
    const came = await ask(form, guard, chat('zorp'), generated);
    expect(texts(came.reply)).toEqual(['Never']);
    expect(generated.generations).toEqual([]);
  });

  test('otherwise may release', async () => {
    const lines: string[] = [];
    const otherwise = log({ logger: { warn: (line) => lines.push(line) } });
    const guard = watch({ moderators: [scripted()], output: { fallback: retry({ otherwise }) } });
    const came = await ask(form, guard, chat('hello'), model(reply('zorp one'), reply('zorp two')));
    expect(came).toMatchObject({ delivery: 'delivered', attempts: 2 });
    expect(texts(came.reply)).toEqual(['zorp two']);
    expect(lines).toHaveLength(1);
  });

  test('a retry regenerates all choices', async () => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    const came = await ask(form, guard, chat('hello'), model(reply('a', 'zorp'), reply('c', 'd')));
    expect(texts(came.reply)).toEqual(['c', 'd']);
  });

  test('a new reply that could not be checked is not retried but refused', async () => {
    const script = (item: Parameters<typeof findWords>[0]): unknown =>
      item.segment.text === 'odd' ? failed('unavailable') : findWords(item);
    const guard = watch({ moderators: [scripted({ script })], output: { fallback: retry({ maxRetries: 5 }) } });
    const came = await ask(form, guard, chat('hello'), model(reply('zorp'), reply('odd'), reply('fine')));
    expect(came).toMatchObject({
      delivery: 'refused',
      attempts: 2,
      output: { findings: [], unchecked: [{ reason: 'failed' }] },
    });
  });

  describe('a fallback of the users own', () => {
    const own = (answer: Fallback['answer'], retries = 0): Fallback => ({ waits: true, retries, answer });
    test.each<readonly [string, Fallback]>([
      ['throws', own(() => void JSON.parse('{') as never)],
      ['rejects', own(() => Promise.reject(new Error('no')))],
      ['gives nothing', own(() => undefined as unknown as Outcome)],
      ['gives an unknown kind', own(() => ({ kind: 'pass' }) as unknown as Outcome)],
      ['gives a string', own(() => 'release' as unknown as Outcome)],
      ['asks for a retry that it did not declare', own(() => ({ kind: 'retry', feedback: 'again' }))],
      ['asks for a retry without feedback', own(() => ({ kind: 'retry' }) as unknown as Outcome, 2)],
      ['rejects with a message that is none', own(() => ({ kind: 'reject', message: 5 }) as unknown as Outcome)],
    ])('that %s is a rejection', async (_, fallback) => {
      const guard = watch({ moderators: [scripted()], fallback });
      for (const [request, said] of [
        [chat('zorp'), 'fine'],
        [chat('hello'), 'zorp'],
      ] as const) {
        const generated = model(reply(said));
        const came = await ask(form, guard, request, generated);
        expect(came.delivery).toBe('refused');
        expect(texts(came.reply)).toEqual([(came.output ?? came.input)?.message]);
        expect(generated.generations.length).toBeLessThanOrEqual(1);
      }
    });

    test('that always asks for another is asked no more often than it declared', async () => {
      const calls: boolean[] = [];
      const fallback = own((_, { canRetry }) => {
        calls.push(canRetry);
        return { kind: 'retry', feedback: 'again' };
      }, 2);
      const guard = watch({ moderators: [scripted()], output: { fallback } });
      const came = await ask(form, guard, chat('hello'), model(reply('zorp')));
      expect(came).toMatchObject({ delivery: 'refused', attempts: 3 });
      expect(calls).toEqual([true, true, false]);
    });

    test('that hangs is left when the caller aborts', async () => {
      const guard = watch({ moderators: [scripted()], fallback: own(hang) });
      const controller = new AbortController();
      const running = ask(form, guard, chat('zorp'), model(reply('fine')), { signal: controller.signal });
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 5);
      await expect(within(500, running)).rejects.toBe(reason);
      expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
    });

    test('may release, and may say its own words', async () => {
      const released = watch({ moderators: [scripted()], fallback: own(() => ({ kind: 'release' })) });
      const came = await ask(form, released, chat('zorp'), model(reply('zorp too')));
      expect(texts(came.reply)).toEqual(['zorp too']);
      const refused = watch({
        moderators: [scripted()],
        fallback: own(async () => ({ kind: 'reject', message: 'My no' })),
      });
      expect(texts((await ask(form, refused, chat('hello'), model(reply('zorp')))).reply)).toEqual(['My no']);
    });

    test('knows the stage, the attempt and the context', async () => {
      const seen: unknown[] = [];
      const fallback = own((_, call) => {
        seen.push(call);
        return { kind: 'reject' };
      });
      const guard = watch({ moderators: [scripted()], fallback }).with({ user: 'u' });
      await ask(form, guard, chat('zorp'), model(reply('fine')));
      await ask(form, guard, chat('hello'), model(reply('zorp')));
      expect(seen).toMatchObject([
        { stage: 'input', attempt: 0, released: 0, canRetry: false, context: { user: 'u' } },
        { stage: 'output', attempt: 1, released: 0, canRetry: false, context: { user: 'u' } },
      ]);
    });
  });
});

test('A stream that breaks off in a later attempt takes otherwise; nothing of any attempt has left', async () => {
  const guard = watch({ moderators: [scripted()], output: { fallback: retry({ maxRetries: 2 }) } });
  async function* broken(): AsyncGenerator<Chunk> {
    yield* chunksOf(reply('half of it')).slice(0, 2);
    throw new Error('reset');
  }
  const generate = async (_: unknown, { attempt }: Omit<Generation, 'request'>): Promise<AsyncIterable<Chunk>> =>
    attempt === 1 ? iterate(chunksOf(reply('zorp'))) : broken();
  const { stream } = await guard.stream(protocol, chat('hello'), generate);
  const said = (await collect(stream)).flatMap(({ pieces }) => pieces.map(({ text }) => text)).join('');
  expect(guard.told.settled).toMatchObject([{ delivery: 'refused', attempts: 2 }]);
  expect(said).toBe(guard.told.settled[0]?.output?.message);
});

test('A stream that is released because a later one breaks off carries its own usage once', async () => {
  const otherwise = log({ logger: { warn: () => {} } });
  const guard = watch({ moderators: [scripted()], output: { fallback: retry({ otherwise }) } });
  const given = { ...reply('one', 'a zorp'), usage };
  async function* broken(): AsyncGenerator<Chunk> {
    yield* chunksOf(reply('half of it')).slice(0, 2);
    throw new Error('reset');
  }
  const generate = async (_: unknown, { attempt }: Omit<Generation, 'request'>): Promise<AsyncIterable<Chunk>> =>
    attempt === 1 ? iterate(chunksOf(given)) : broken();
  const { stream } = await guard.stream(protocol, chat('hello'), generate);
  expect(joined(await collect(stream))).toEqual(given);
  expect(guard.told.settled).toMatchObject([
    { delivery: 'delivered', attempts: 2, usage: { ...usage, unknown: 1 }, output: { action: 'block' } },
  ]);
});

test('The message of reject() stands instead of the decisions own', async () => {
  const guard = watch({ moderators: [scripted()], fallback: reject({ message: 'Ask something else.' }) });
  expect(texts((await ask('reply', guard, chat('zorp'), model(reply('fine')))).reply)).toEqual(['Ask something else.']);
});
