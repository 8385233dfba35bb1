import { createGuard, type ChatMessage, type Guard, type VerdictStore } from '@chaperone/core';
import { startServer, type TestServer } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { openaiModeration } from '../src/index.ts';
import { story } from './support/texts.ts';

const openai = (server: TestServer): ReturnType<typeof openaiModeration> =>
  openaiModeration({ apiKey: 'none', baseURL: server.url });

const TURNS = 20;
const asked = (turn: number): string => story(turn, 120);
const answered = (turn: number): string => story(1_000 + turn, 300);

/** Plays a chat whose messages grow; tells what each turn cost. */
async function talk(guard: Guard, server: TestServer): Promise<{ requests: number; texts: number }[]> {
  const messages: ChatMessage[] = [];
  const costs: { requests: number; texts: number }[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const before = { requests: server.moderationRequests.length, texts: server.moderated.length };
    messages.push({ role: 'user', content: asked(turn) });
    const content = await guard.wrap(async () => answered(turn))(messages);
    expect(content).toBe(answered(turn));
    messages.push({ role: 'assistant', content });
    costs.push({
      requests: server.moderationRequests.length - before.requests,
      texts: server.moderated.length - before.texts,
    });
  }
  return costs;
}

describe('A chat of twenty turns', () => {
  test('sends each segment to moderation once: the last turn costs what the second did', async () => {
    await using server = await startServer();
    const costs = await talk(createGuard({ moderators: [openai(server)] }), server);
    expect(costs).toEqual(Array.from({ length: TURNS }, () => ({ requests: 2, texts: 2 })));
    expect(new Set(server.moderated).size).toBe(TURNS * 2);
  });

  test('twice at the same time costs what it costs once', async () => {
    await using server = await startServer({ timing: { moderation: 3 } });
    const guard = createGuard({ moderators: [openai(server)] });
    await Promise.all([talk(guard, server).catch(() => {}), talk(guard, server).catch(() => {})]);
    expect(server.moderated).toHaveLength(TURNS * 2);
    expect(new Set(server.moderated).size).toBe(TURNS * 2);
  });

  test('is one request for its whole history where nothing is remembered', async () => {
    await using server = await startServer();
    const guard = createGuard({ moderators: [openai(server)] });
    const messages = Array.from({ length: TURNS }, (_, turn): ChatMessage[] => [
      { role: 'user', content: asked(turn) },
      { role: 'assistant', content: answered(turn) },
    ]).flat();
    await guard.wrap(async () => 'Fine.')([...messages, { role: 'user', content: 'And now?' }]);
    expect(server.moderationRequests).toHaveLength(2); // all of the input, and the reply
    expect(server.moderated).toHaveLength(TURNS * 2 + 2);
  });
});

describe('A long text', () => {
  const PHRASE = 'zorp blarg';
  const findPhrase = (text: string): { flagged?: readonly string[] } =>
    text.includes(PHRASE) ? { flagged: ['violence'] } : {};

  test('is cut into pieces of fewer than 2,000 characters, and a phrase is found wherever it stands', async () => {
    await using server = await startServer({ moderation: findPhrase });
    const guard = createGuard({ moderators: [openai(server)], moderation: { cache: false } });
    const text = story(7, 6_000);
    for (let at = 0; at < text.length; at += 97) {
      const { action, findings } = await guard.check(text.slice(0, at) + PHRASE + text.slice(at));
      expect(action).toBe('block');
      const [{ span } = {}] = findings;
      expect(span).toBeDefined();
      // The piece whose text the phrase ends in, or stands right before it in the context that it was judged with.
      expect(span && span.start - 200 <= at && at + PHRASE.length <= span.end + PHRASE.length).toBe(true);
    }
    expect(Math.max(...server.moderated.map((each) => each.length))).toBeLessThan(2_000);
  });

  test('is too large above the limit: refused by default, and said where it is let go', async () => {
    await using server = await startServer();
    for (const [limit, length] of [
      [{ maxCharacters: 5_000 }, 5_001],
      [{}, 1024 * 1024 + 1],
    ] as const)
      for (const whenUnchecked of ['block', 'allow'] as const) {
        const guard = createGuard({ moderators: [openai(server)], whenUnchecked, moderation: limit });
        const decision = await guard.check('x'.repeat(length));
        expect(decision).toMatchObject({ action: whenUnchecked, unchecked: [{ reason: 'too-large' }], findings: [] });
      }
    expect(server.moderated).toEqual([]);
  });

  test('of which a piece fails is unchecked, and what another piece flags is blocked all the same', async () => {
    await using server = await startServer({
      moderation(text) {
        if (text.includes('glitch')) throw new Error('This one cannot be judged.');
        return findPhrase(text);
      },
    });
    const guard = createGuard({
      moderators: [openai(server)],
      whenUnchecked: 'allow',
      moderation: { retries: 0, batch: false, breaker: false },
    });
    const decision = await guard.check(`${PHRASE} ${story(1, 4_000)} glitch ${story(2, 3_000)}`);
    expect(decision.action).toBe('block');
    expect(decision.unchecked).toMatchObject([{ reason: 'failed' }]);
    expect(decision.findings).toMatchObject([{ category: 'violence' }]);
  });
});

describe('A store of verdicts that several processes share', () => {
  const secret = 'a secret of the tests';
  const inMemory = (): VerdictStore & { readonly entries: Map<string, string> } => {
    const entries = new Map<string, string>();
    return { entries, get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
  };

  test('saves the second process every request, and holds nothing of what was judged', async () => {
    await using server = await startServer({
      moderation: (text) => (text.includes('zorp') ? { flagged: ['hate'] } : {}),
    });
    const store = inMemory();
    const guards = [1, 2].map(() =>
      createGuard({ moderators: [openai(server)], moderation: { cache: { shared: { store, secret } } } }),
    );
    const texts = [story(1, 100), `zorp ${story(2, 100)}`];
    const decisions = [];
    for (const guard of guards) {
      for (const text of texts) decisions.push((await guard.check(text)).action);
      await expect.poll(() => store.entries.size).toBe(2);
    }
    expect(decisions).toEqual(['allow', 'block', 'allow', 'block']);
    expect(server.moderated).toEqual(texts);
    const stored = JSON.stringify([...store.entries]);
    for (const word of [...texts.join(' ').split(/\W+/), secret])
      if (word.length > 4) expect(stored).not.toContain(word);
  });

  test.each<readonly [string, VerdictStore['get'], VerdictStore['set']]>([
    ['throws', () => fail(), () => fail()],
    ['rejects', () => Promise.reject(new Error('down')), () => Promise.reject(new Error('down'))],
    ['hangs', () => new Promise(() => {}), () => new Promise(() => {})],
    ['answers rubbish', () => '{"status":"clear","flagged":[],"scores":{},"moderator":"openai-moderation"}', () => 5],
  ])('changes no decision where it %s, and costs at most 100 ms', async (_, get, set) => {
    await using server = await startServer({
      moderation: (text) => (text.includes('zorp') ? { flagged: ['hate'] } : {}),
    });
    const guard = createGuard({
      moderators: [openai(server)],
      moderation: { cache: { shared: { store: { get, set }, secret } } },
    });
    const begun = performance.now();
    expect((await guard.check('zorp')).action).toBe('block');
    expect(performance.now() - begun).toBeLessThan(400);
    expect((await guard.check('fine')).action).toBe('allow');
    expect(server.moderated).toEqual(['zorp', 'fine']);
  });
});

function fail(): never {
  throw new Error('down');
}
