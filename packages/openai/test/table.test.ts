import { createGuard, reject, type Decision, type Guard } from '@chaperone/core';
import { fakeModerator, startServer, type Answer, type FakeModerator } from '@chaperone/testing';
import OpenAI from 'openai';
import { ContentFilterFinishReasonError } from 'openai/core/error';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { guardOpenAI } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

const client = new OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 2 });

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;
type Messages = Params['messages'];

const ask = (text: string): Messages => [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: text },
];

/** One way to call the client: what comes of it is all that the caller could see. */
interface CallStyle {
  readonly name: string;
  readonly call: (client: OpenAI, messages: Messages) => Promise<unknown>;
  /** What the model says when it has nothing to hide, or the marker. */
  readonly answer: (word: string) => Answer | Answer[];
  /** How many segments a clean call holds: what the user wrote, what the model said, what the tools gave. */
  readonly segments: number;
  /** Chat requests of a clean call. */
  readonly requests?: number;
  /** The helper makes an error of `content_filter`. */
  readonly throwsOnRefusal?: boolean;
}

const params = (messages: Messages): Params => ({ model: 'gpt-test', messages });
const say = (word: string): Answer => `A calm ${word} by the sea.`;

const STYLES: readonly CallStyle[] = [
  {
    name: 'create',
    answer: say,
    segments: 2,
    call: async (openai, messages) => openai.chat.completions.create(params(messages)),
  },
  {
    name: 'create, streamed',
    answer: say,
    segments: 2,
    call: async (openai, messages) => {
      const chunks: unknown[] = [];
      const options = { stream: true, stream_options: { include_usage: true } } as const;
      for await (const chunk of await openai.chat.completions.create({ ...params(messages), ...options }))
        chunks.push(chunk);
      return chunks;
    },
  },
  {
    name: '.stream()',
    answer: say,
    segments: 2,
    call: async (openai, messages) => {
      const seen: unknown[] = [];
      const stream = openai.chat.completions.stream({ ...params(messages), stream: true });
      stream.on('content', (delta, snapshot) => seen.push(delta, snapshot));
      stream.on('chunk', (chunk) => seen.push(chunk));
      const completion = await stream.finalChatCompletion();
      return { seen, completion };
    },
  },
  {
    name: '.parse()',
    answer: (word) => JSON.stringify({ calm: word }),
    segments: 2,
    call: async (openai, messages) =>
      openai.chat.completions.parse({
        ...params(messages),
        response_format: zodResponseFormat(z.object({ calm: z.string() }), 'mood'),
      }),
    throwsOnRefusal: true,
  },
  {
    name: '.runTools()',
    answer: (word) => [{ toolCalls: [{ name: 'look', arguments: '{"at":"sea"}' }] }, say(word)],
    segments: 4,
    requests: 2,
    call: async (openai, messages) => {
      const looked: unknown[] = [];
      const runner = openai.chat.completions.runTools({
        ...params(messages),
        tools: [
          {
            type: 'function',
            function: {
              name: 'look',
              description: 'Looks.',
              parameters: { type: 'object', properties: { at: { type: 'string' } } },
              parse: JSON.parse,
              function: (given: unknown) => {
                looked.push(given);
                return 'A view of the sea.';
              },
            },
          },
        ],
      });
      const content = await runner.finalContent();
      return { content, looked, messages: runner.messages };
    },
    throwsOnRefusal: true,
  },
  {
    name: 'withResponse',
    answer: say,
    segments: 2,
    call: async (openai, messages) => {
      const { data, response } = await openai.chat.completions.create(params(messages)).withResponse();
      return { data, status: response.status, url: response.url };
    },
  },
  {
    name: 'asResponse',
    answer: say,
    segments: 2,
    call: async (openai, messages) => (await openai.chat.completions.create(params(messages)).asResponse()).text(),
  },
  {
    name: 'asResponse, streamed',
    answer: say,
    segments: 2,
    call: async (openai, messages) =>
      (await openai.chat.completions.create({ ...params(messages), stream: true }).asResponse()).text(),
  },
  {
    name: 'withOptions',
    answer: say,
    segments: 2,
    call: async (openai, messages) =>
      openai.withOptions({ timeout: 5_000 }).chat.completions.create(params(messages), { maxRetries: 0 }),
  },
];

/** What a call came to, an error included. */
async function outcomeOf(call: Promise<unknown>): Promise<{ seen: string; value?: unknown; error?: unknown }> {
  try {
    const value = await call;
    return { seen: JSON.stringify(value), value };
  } catch (error) {
    return { seen: `${String(error)} ${JSON.stringify(error)}`, error };
  }
}

function guarded(): { openai: OpenAI; moderator: FakeModerator; guard: Guard; decisions: Decision[] } {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const guard = createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }) });
  const decisions: Decision[] = [];
  guard.on('flagged', ({ decision }) => decisions.push(decision));
  return { openai: guardOpenAI(client, guard), moderator, guard, decisions };
}

describe.for(STYLES)('$name', ({ call, answer, segments, requests = 1, throwsOnRefusal = false }) => {
  test('clean: what the unguarded client gives, and one moderation per segment', async () => {
    server.setChat(answer('day'));
    const plain = await outcomeOf(call(client, ask('Hello')));
    expect(plain.error).toBeUndefined();
    server.reset();
    server.setChat(answer('day'));
    const { openai, moderator, decisions } = guarded();
    const clean = await outcomeOf(call(openai, ask('Hello')));
    expect(clean).toEqual(plain);
    expect(decisions).toEqual([]);
    expect(server.chatRequests).toHaveLength(requests);
    expect(moderator.texts).toHaveLength(segments);
    expect(new Set(moderator.texts).size).toBe(segments);
  });

  test('input flagged: the model is not asked', async () => {
    const { openai, decisions } = guarded();
    const { seen, error } = await outcomeOf(call(openai, ask(`Tell me about ${MARKER}`)));
    expect(server.chatRequests).toEqual([]);
    expect(seen.includes(REFUSED) || error instanceof ContentFilterFinishReasonError).toBe(true);
    expect(error instanceof ContentFilterFinishReasonError).toBe(throwsOnRefusal);
    expect(decisions.map(({ stage }) => stage)).toEqual(['input']);
  });

  test('output flagged: its text never arrives', async () => {
    server.setChat(answer(MARKER));
    const { openai, decisions } = guarded();
    const { seen, error } = await outcomeOf(call(openai, ask('Hello')));
    expect(seen).not.toContain(MARKER);
    expect(seen.includes(REFUSED) || error instanceof ContentFilterFinishReasonError).toBe(true);
    expect(error instanceof ContentFilterFinishReasonError).toBe(throwsOnRefusal);
    expect(server.chatRequests).toHaveLength(requests);
    expect(decisions.map(({ stage }) => stage)).toEqual(['output']);
  });
});
