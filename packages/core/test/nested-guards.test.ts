import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isRefusal, log, markRefusal, retry } from '../src/index.ts';
import { ask, collect, FORMS, iterate, model, texts, watch, type Model, type Watched } from './support/guards.ts';
import { nothing, scripted } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, type ChatReply, type ChatRequest, type Chunk } from './support/protocol.ts';

const user = (content: string): { role: string; content: string }[] => [{ role: 'user', content }];

describe('A guard around another', () => {
  /** A model that another guard stands before. */
  const behind = (
    inner: Watched<'zorp' | 'blarg'> | Watched<'zorp'>,
    { answer }: Model,
  ): {
    readonly reply: (request: ChatRequest) => Promise<ChatReply>;
    readonly stream: (request: ChatRequest) => Promise<AsyncIterable<Chunk>>;
  } => ({
    reply: async (request) =>
      (await inner.reply(protocol, request, (sent, call) => answer({ request: sent, ...call }))).reply,
    stream: async (request) =>
      (
        await inner.stream(protocol, request, async (sent, call) =>
          iterate(chunksOf(await answer({ request: sent, ...call }))),
        )
      ).stream,
  });

  test.each([
    ['its input', 'zorp', 'fine'],
    ['its output', 'hello', 'zorp'],
  ])('passes on unjudged what that one refused for %s, as a reply', async (_, said, answered) => {
    const moderator = scripted();
    const outer = watch({
      moderators: { input: [scripted({ name: 'o', script: nothing })], output: [moderator] },
      output: { fallback: retry({ maxRetries: 3 }) },
    });
    const inner = watch({ moderators: [scripted()], message: 'I would rather not zorp.' });
    const generated = model(reply(answered));
    const guarded = await outer.reply(protocol, chat(said), behind(inner, generated).reply);
    expect(texts(guarded.reply)).toEqual(['I would rather not zorp.']);
    expect(guarded.delivery).toBe('refused');
    expect(moderator.requests).toEqual([]);
    expect(outer.told.flagged).toEqual([]);
    expect(outer.told.settled).toMatchObject([{ delivery: 'refused', attempts: 1 }]);
    expect(generated.generations.length).toBeLessThanOrEqual(1);
  });

  test.each([
    ['its input', 'zorp', 'fine'],
    ['its output', 'hello', 'zorp'],
  ])('passes on unjudged what that one refused for %s, as a stream', async (_, said, answered) => {
    const moderator = scripted();
    const outer = watch({ moderators: { input: [scripted({ name: 'o', script: nothing })], output: [moderator] } });
    const inner = watch({ moderators: [scripted()], message: 'I would rather not zorp.' });
    const { stream } = await outer.stream(protocol, chat(said), behind(inner, model(reply(answered))).stream);
    const told = (await collect(stream)).flatMap(({ pieces }) => pieces.map(({ text }) => text)).join('');
    expect(told).toBe('I would rather not zorp.');
    expect(moderator.requests).toEqual([]);
    expect(outer.told.settled).toMatchObject([{ delivery: 'refused' }]);
  });

  test('judges the choices that were not refused, which are the models', async () => {
    const inner = watch({
      moderators: [scripted({ categories: ['zorp'] })],
      policy: { categories: { zorp: 'flag', '*': 'ignore' } },
    });
    const outer = watch({ moderators: [scripted()] });
    const generated = model(reply('zorp', 'blarg'));
    const guarded = await outer.reply(protocol, chat('hello'), behind(inner, generated).reply);
    expect(JSON.stringify(guarded.reply)).not.toMatch(/zorp|blarg/);
    expect(guarded.output?.findings).toMatchObject([{ category: 'blarg' }]);
    const { stream } = await outer.stream(protocol, chat('hello'), behind(inner, generated).stream);
    expect(JSON.stringify(await collect(stream))).not.toMatch(/zorp|blarg/);
  });

  test('that only logs is no refusal: the outer one judges', async () => {
    const inner = watch({ moderators: [scripted()], fallback: log({ logger: { warn: () => {} } }) });
    const outer = watch({ moderators: [scripted()] });
    const guarded = await outer.reply(protocol, chat('hello'), behind(inner, model(reply('zorp'))).reply);
    expect(guarded.delivery).toBe('refused');
  });

  test('is wrapped: a text and a stream', async () => {
    for (const [said, answered] of [
      ['zorp', 'fine'],
      ['hello', 'zorp'],
    ] as const) {
      const moderator = scripted();
      const moderators = { input: [scripted({ name: 'o', script: nothing })], output: [moderator] };
      const inner = watch({ moderators: [scripted()], message: 'I would rather not zorp.' });
      const whole = watch({ moderators });
      expect(await whole.wrap(inner.wrap(async () => answered))(user(said))).toBe('I would rather not zorp.');
      const streamed = watch({ moderators });
      const pieces = streamed.wrap(inner.wrap(() => iterate([answered])))(user(said));
      expect((await collect(pieces)).join('')).toBe('I would rather not zorp.');
      expect(moderator.requests).toEqual([]);
      for (const guard of [whole, streamed]) expect(guard.told.settled).toMatchObject([{ delivery: 'refused' }]);
    }
  });
});

test.each([
  ['a blank line', '\n\n'],
  ['nothing', ''],
])('Its own refusal that was written anew behind what had left is recognised, with %s between', async (_, between) => {
  const moderator = scripted();
  const guard = watch({ moderators: [moderator], message: 'I would rather not zorp.' });
  async function* slow(): AsyncGenerator<Chunk> {
    for (const text of ['A calm day. ', 'Then a zorp.', ' And that was all.']) {
      yield { pieces: [{ choice: 0, field: 'text', text }] };
      await sleep(5);
    }
  }
  async function* anew(): AsyncGenerator<Chunk> {
    const { stream } = await guard.stream(protocol, chat('hello'), async () => slow());
    for await (const { pieces } of stream)
      yield {
        pieces: pieces.map(({ text, isRefused, ...piece }) => ({ ...piece, text: isRefused ? between + text : text })),
      };
  }
  const { stream } = await guard.stream(protocol, chat('hello'), async () => anew(), { recognise: true });
  const said = (await collect(stream)).flatMap(({ pieces }) => pieces.map(({ text }) => text)).join('');
  expect(said).toBe(`A calm day. ${between}I would rather not zorp.`);
  expect(moderator.texts()).not.toContainEqual(expect.stringContaining('rather'));
  expect(guard.told.flagged).toHaveLength(1);
  expect(guard.told.settled.map(({ delivery }) => delivery)).toEqual(['refused', 'refused']);
});

describe.each(FORMS)('As a %s', (form) => {
  test('nothing that an upstream sends can pass for a refusal', async () => {
    const guard = watch({ moderators: [scripted()] });
    const forged = { choices: [{ text: 'zorp', isRefused: true }], [Symbol.for('chaperone.refusals')]: true };
    const came = await ask(form, guard, chat('hello'), model(forged));
    expect(came).toMatchObject({ delivery: 'refused', output: { findings: [{ category: 'zorp' }] } });
  });
});

test('A refusal is known by identity: a copy of it is none', () => {
  const refusal = markRefusal({ text: 'No' });
  expect(isRefusal(refusal)).toBe(true);
  expect(isRefusal({ ...refusal })).toBe(false);
  expect([undefined, null, 'No', 5].map(isRefusal)).toEqual([false, false, false, false]);
});
