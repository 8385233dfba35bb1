import {
  createGuard,
  isConfigurationError,
  log,
  reject,
  type Events,
  type Guard,
  type GuardOptions,
} from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { startServer, type Answer } from '@chaperone/testing';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardOpenAI, type GuardFetchOptions } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';

const server = await startServer({ moderation: (text) => ({ flagged: text.includes(MARKER) ? ['violence'] : [] }) });
afterAll(() => server.close());
beforeEach(() => server.reset());

const client = new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 0 });
const moderator = () => openaiModeration({ apiKey: 'test', baseURL: server.url });

interface Setting {
  readonly openai: OpenAI;
  readonly guard: Guard;
  readonly settled: Events['settled'][];
  readonly flagged: Events['flagged'][];
}

function setting(
  options: Omit<Partial<GuardOptions>, 'moderators' | 'policy'> = {},
  inlineModeration: NonNullable<GuardFetchOptions['inlineModeration']> = true,
): Setting {
  const guard = createGuard({
    moderators: { input: [], output: [moderator()] },
    output: { release: 'whole' },
    message: REFUSED,
    ...options,
  });
  const settled: Events['settled'][] = [];
  const flagged: Events['flagged'][] = [];
  guard.on('settled', (event) => settled.push(event));
  guard.on('flagged', (event) => flagged.push(event));
  return { openai: guardOpenAI(client, guard, { inlineModeration }), guard, settled, flagged };
}

interface Way {
  readonly name: string;
  readonly ask: (openai: OpenAI, text: string, more?: object) => Promise<string>;
}

const params = (content: string, more: object) => ({
  model: 'gpt-test',
  messages: [{ role: 'user' as const, content }],
  ...more,
});
const WAYS: readonly Way[] = [
  {
    name: 'chat',
    ask: async (openai, text, more = {}) => JSON.stringify(await openai.chat.completions.create(params(text, more))),
  },
  {
    name: 'chat, streamed',
    ask: async (openai, text, more = {}) => {
      const chunks = [];
      for await (const chunk of await openai.chat.completions.create({ ...params(text, more), stream: true }))
        chunks.push(chunk);
      return JSON.stringify(chunks);
    },
  },
  {
    name: 'responses',
    ask: async (openai, text, more = {}) =>
      JSON.stringify(await openai.responses.create({ model: 'gpt-test', input: text, ...more })),
  },
  {
    name: 'responses, streamed',
    ask: async (openai, text, more = {}) => {
      const events = [];
      for await (const event of await openai.responses.create({
        model: 'gpt-test',
        input: text,
        stream: true,
        ...more,
      }))
        events.push(event);
      return JSON.stringify(events);
    },
  },
];

describe.for(WAYS)('Inline moderation, $name', ({ ask }) => {
  test('is asked for in the call itself, and no other request is made', async () => {
    server.setChat('Fine weather.');
    const { openai, settled } = setting();
    expect(await ask(openai, 'Hello')).toContain('weather');
    expect(server.generationRequests[0]?.body).toMatchObject({ moderation: { model: 'omni-moderation-latest' } });
    expect(server.moderationRequests).toEqual([]);
    expect(settled[0]).toMatchObject({
      delivery: 'delivered',
      output: { action: 'allow', unchecked: [], verdicts: [{ moderator: 'openai-moderation', status: 'clear' }] },
    });
  });

  test('refuses what it flags', async () => {
    server.setChat(`Look, a ${MARKER}.`);
    const { openai, flagged } = setting();
    const seen = await ask(openai, 'Hello');
    expect(seen).toContain(REFUSED);
    expect(seen).not.toContain(MARKER);
    expect(flagged).toMatchObject([
      { decision: { stage: 'output', findings: [{ category: 'violence', score: 0.9 }] } },
    ]);
    expect(server.moderationRequests).toEqual([]);
  });

  test('that failed leaves the reply unchecked, which is no pass', async () => {
    const answer: Answer = {
      content: 'Fine weather.',
      moderationErrors: { output: { code: 'server_error', message: 'down' } },
    };
    server.setChat(answer);
    const { openai, settled } = setting();
    expect(await ask(openai, 'Hello')).not.toContain('weather');
    expect(settled[0]).toMatchObject({
      delivery: 'refused',
      output: { unchecked: [{ reason: 'failed' }], findings: [] },
    });
  });

  test('that the answer does not bring is asked for in the ordinary way', async () => {
    server.setChat(`Look, a ${MARKER}.`);
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { moderation: _, ...rest } = JSON.parse(typeof init?.body === 'string' ? init.body : '') as {
        moderation?: unknown;
      };
      return globalThis.fetch(input, { ...init, body: JSON.stringify(rest) });
    };
    const guard = createGuard({
      moderators: { input: [], output: [moderator()] },
      output: { release: 'whole' },
      message: REFUSED,
    });
    const openai = guardOpenAI(client.withOptions({ fetch }), guard, { inlineModeration: true });
    expect(await ask(openai, 'Hello')).toContain(REFUSED);
    expect(server.moderationRequests).toHaveLength(1);
  });

  test('leaves calls of tools to the moderator, for it may not have seen them', async () => {
    server.setChat({ toolCalls: [{ name: 'look', arguments: '{"at":"sea"}' }] });
    const { openai } = setting();
    const tools = { tools: [{ type: 'function', name: 'look', function: { name: 'look' } }] };
    expect(await ask(openai, 'Hello', tools)).toContain('look');
    expect(server.moderated).toEqual(['{"at":"sea"}']);
  });

  test('with log() speaks of both sides, and still no other request is made', async () => {
    server.setChat(`Look, a ${MARKER}.`);
    const lines: string[] = [];
    const { openai, guard, flagged, settled } = setting({
      moderators: [moderator()],
      fallback: log({ logger: { warn: (line) => lines.push(line) } }),
      output: {},
    } as never);
    expect(await ask(openai, `A ${MARKER}?`)).toContain(MARKER);
    await guard.idle();
    expect(flagged.map(({ decision }) => decision.stage).toSorted()).toEqual(['input', 'output']);
    expect(lines).toHaveLength(2);
    expect(settled).toHaveLength(1);
    expect(server.moderationRequests).toEqual([]);
  });

  test('with log(), of a call that fails, the input is judged in the ordinary way', async () => {
    server.fault('chat', { kind: 'status', status: 500 });
    const { openai, guard, flagged } = setting({
      moderators: [moderator()],
      fallback: log({ logger: { warn: () => {} } }),
      output: {},
    } as never);
    await expect(ask(openai, `A ${MARKER}?`)).rejects.toThrow(/500/);
    await guard.idle();
    expect(flagged).toHaveLength(1);
    expect(server.moderationRequests).toHaveLength(1);
  });

  test('an input that is to be blocked is judged before the model is asked', async () => {
    const { openai } = setting({ moderators: [moderator()] } as never);
    expect(await ask(openai, `A ${MARKER}?`)).toContain(REFUSED);
    expect(server.generationRequests).toEqual([]);
    expect(server.moderationRequests).toHaveLength(1);
  });
});

test('A clear reply is not judged again when it comes back as history, and a flagged one of several is', async () => {
  server.setChat('Fine weather.');
  const { openai } = setting();
  await openai.chat.completions.create(params('Hello', {}));
  const messages = [
    { role: 'user' as const, content: 'Hello' },
    { role: 'assistant' as const, content: 'Fine weather.' },
    { role: 'user' as const, content: 'And now?' },
  ];
  await openai.chat.completions.create({ model: 'gpt-test', messages });
  expect(server.moderationRequests).toEqual([]);
});

test('A caller that asks for moderation in its own way keeps that', async () => {
  const { openai } = setting();
  await openai.chat.completions.create(params('Hello', { moderation: { model: 'omni-moderation-2024-09-26' } }));
  expect(server.chatRequests[0]?.body.moderation).toEqual({ model: 'omni-moderation-2024-09-26' });
});

describe('Wrong combinations are refused at construction', () => {
  const made = (guard: Guard, inlineModeration: unknown = true) => {
    try {
      guardOpenAI(client, guard, { inlineModeration } as GuardFetchOptions);
      return 'no error';
    } catch (error) {
      return isConfigurationError(error) ? error.message : 'another error';
    }
  };

  test.for(['verified', 'immediate'] as const)("release: '%s'", (release) => {
    expect(made(createGuard({ moderators: [moderator()], output: { release } }))).toMatch(
      /inlineModeration.*release: 'whole'/,
    );
  });

  test('no moderator for whom it could speak', () => {
    const guard = createGuard({
      moderators: [openaiModeration({ apiKey: 'x', name: 'mine' })],
      output: { release: 'whole' },
    });
    expect(made(guard)).toMatch(/openai-moderation.*openaiModeration\(\)/);
    expect(made(guard, { moderator: 'mine' })).toBe('no error');
  });

  test.for([{ modle: 'x' }, { model: '' }, 'yes', 1])('%j is no option', (option) => {
    const guard = createGuard({ moderators: [moderator()], fallback: reject(), output: { release: 'whole' } });
    expect(made(guard, option)).toMatch(/inlineModeration/);
  });
});
