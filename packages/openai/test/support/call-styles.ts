import type { Answer } from '@chaperone/testing';
import type OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import * as z from 'zod';

/** Where in an answer a word stands. */
export type Place = 'text' | 'tool call' | 'reasoning';

/** One way to call a client: what comes of it is all that the caller could see. */
export interface CallStyle {
  readonly name: string;
  readonly call: (openai: OpenAI, text: string) => Promise<unknown>;
  /** What the model says: a calm word, or the marker, in one of the places where this way can have it. */
  readonly answers: { readonly [P in Place]?: (word: string) => Answer | Answer[] };
  /** How many segments a clean call holds: what the user wrote, what the model said, what the tools gave. */
  readonly segments: number;
  /** Generations of a clean call. */
  readonly requests?: number;
  /** The client makes an error of `content_filter`. */
  readonly throwsOnRefusal?: boolean;
  /** It is an AzureOpenAI that is called. */
  readonly isAzure?: boolean;
}

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

const params = (text: string): Params => ({
  model: 'gpt-test',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: text },
  ],
});
const input = (text: string) => ({ model: 'gpt-test', instructions: 'Be brief.', input: text });

const say = (word: string): Answer => `A calm ${word} by the sea.`;
const think = (word: string): Answer => ({ reasoning: `They mean a ${word}, I think.`, content: 'A calm day.' });
const look = (word: string): Answer => ({ toolCalls: [{ name: 'look', arguments: `{"at":"${word}"}` }] });
const EVERYWHERE: CallStyle['answers'] = { text: say, 'tool call': look, reasoning: think };
const json = (word: string): string => JSON.stringify({ calm: word });
const FORMAT = {
  name: 'mood',
  strict: true,
  schema: { type: 'object', properties: { calm: { type: 'string' } }, required: ['calm'], additionalProperties: false },
};

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<readonly T[]> {
  const seen: T[] = [];
  for await (const each of await stream) seen.push(each);
  return seen;
}

const CHAT: readonly CallStyle[] = [
  {
    name: 'chat, create',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => openai.chat.completions.create(params(text)),
  },
  {
    name: 'chat, create, streamed',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) =>
      all(openai.chat.completions.create({ ...params(text), stream: true, stream_options: { include_usage: true } })),
  },
  {
    name: 'chat, several choices',
    answers: { text: (word) => ({ choices: ['A calm beginning.', say(word)] }) },
    segments: 3,
    call: async (openai, text) => openai.chat.completions.create({ ...params(text), n: 2 }),
  },
  {
    name: 'chat, .stream()',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => {
      const seen: unknown[] = [];
      const stream = openai.chat.completions.stream({ ...params(text), stream: true });
      stream.on('content', (delta, snapshot) => seen.push(delta, snapshot));
      stream.on('chunk', (chunk) => seen.push(chunk));
      const completion = await stream.finalChatCompletion();
      return { seen, completion };
    },
  },
  {
    name: 'chat, .parse()',
    answers: { text: json },
    segments: 2,
    call: async (openai, text) =>
      openai.chat.completions.parse({
        ...params(text),
        response_format: { type: 'json_schema', json_schema: FORMAT },
      }),
    throwsOnRefusal: true,
  },
  {
    name: 'chat, .stream() that parses',
    answers: { text: json },
    segments: 2,
    call: async (openai, text) => {
      const seen: unknown[] = [];
      const stream = openai.chat.completions.stream({
        ...params(text),
        stream: true,
        response_format: zodResponseFormat(z.object({ calm: z.string() }), 'mood'),
      });
      stream.on('content', (delta, snapshot) => seen.push(delta, snapshot));
      return { completion: await stream.finalChatCompletion(), seen };
    },
    throwsOnRefusal: true,
  },
  {
    name: 'chat, .runTools()',
    answers: {
      text: (word) => [look('sea'), say(word)],
      'tool call': (word) => [look(word), say('day')],
      reasoning: (word) => [look('sea'), think(word)],
    },
    segments: 4,
    requests: 2,
    call: async (openai, text) => {
      const looked: unknown[] = [];
      const runner = openai.chat.completions.runTools({
        ...params(text),
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
    name: 'chat, withResponse',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => {
      const { data, response } = await openai.chat.completions.create(params(text)).withResponse();
      return { data, status: response.status };
    },
  },
  {
    name: 'chat, asResponse',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => (await openai.chat.completions.create(params(text)).asResponse()).text(),
  },
  {
    name: 'chat, asResponse, streamed',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) =>
      (await openai.chat.completions.create({ ...params(text), stream: true }).asResponse()).text(),
  },
  {
    name: 'chat, withOptions',
    answers: { text: say },
    segments: 2,
    call: async (openai, text) =>
      openai.withOptions({ timeout: 5_000 }).chat.completions.create(params(text), { maxRetries: 0 }),
  },
  {
    name: 'chat, post',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => openai.post('/chat/completions', { body: params(text) }),
  },
  {
    name: 'chat, Azure',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => openai.chat.completions.create(params(text)),
    isAzure: true,
  },
  {
    name: 'chat, Azure, streamed',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => all(openai.chat.completions.create({ ...params(text), stream: true })),
    isAzure: true,
  },
];

const RESPONSES: readonly CallStyle[] = [
  {
    name: 'responses, create',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => openai.responses.create(input(text)),
  },
  {
    name: 'responses, create, streamed',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => all(openai.responses.create({ ...input(text), stream: true })),
  },
  {
    name: 'responses, .stream()',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => {
      const stream = openai.responses.stream(input(text));
      const seen: unknown[] = [];
      for await (const event of stream) seen.push(event);
      return { seen, final: await stream.finalResponse() };
    },
  },
  {
    name: 'responses, .parse()',
    answers: { text: json },
    segments: 2,
    call: async (openai, text) =>
      openai.responses.parse({ ...input(text), text: { format: { type: 'json_schema', ...FORMAT } } }),
  },
  {
    name: 'responses, .stream() that parses',
    answers: { text: json },
    segments: 2,
    call: async (openai, text) => {
      const stream = openai.responses.stream({
        ...input(text),
        text: { format: { type: 'json_schema', ...FORMAT } },
      });
      const seen: unknown[] = [];
      for await (const event of stream) seen.push(event);
      return { seen, final: await stream.finalResponse() };
    },
  },
  {
    name: 'responses, withResponse',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => {
      const { data, response } = await openai.responses.create(input(text)).withResponse();
      return { data, status: response.status };
    },
  },
  {
    name: 'responses, asResponse, streamed',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => (await openai.responses.create({ ...input(text), stream: true }).asResponse()).text(),
  },
  {
    name: 'responses, post',
    answers: EVERYWHERE,
    segments: 2,
    call: async (openai, text) => openai.post('/responses', { body: input(text) }),
  },
];

const COMPLETIONS: readonly CallStyle[] = [
  {
    name: 'completions, create',
    answers: { text: say },
    segments: 2,
    call: async (openai, text) => openai.completions.create({ model: 'gpt-test', prompt: text }),
  },
  {
    name: 'completions, create, streamed',
    answers: { text: say },
    segments: 2,
    call: async (openai, text) => all(openai.completions.create({ model: 'gpt-test', prompt: text, stream: true })),
  },
];

export const CALL_STYLES: readonly CallStyle[] = [...CHAT, ...RESPONSES, ...COMPLETIONS];
