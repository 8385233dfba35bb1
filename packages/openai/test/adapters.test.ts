import type { ChatAdapter } from '@chaperone/core';
import { testAdapter, type AdapterKit } from '@chaperone/testing';
import { describe, test } from 'vitest';
import { chatAdapter } from '../src/chat/adapter.ts';
import { completionsAdapter } from '../src/completions/adapter.ts';
import { responsesAdapter } from '../src/responses/adapter.ts';
import type { Answer } from '../src/wire/answer.ts';
import { endFrame, type Frame, writeFrame } from '../src/wire/frame.ts';
import { at, isList, type JsonObject, textAt } from '../src/wire/json.ts';
import type { OpenAIRequest } from '../src/wire/request.ts';
import { framesOf, messageEvents, messageItem, response } from './support/responses-wire.ts';

type Kit = AdapterKit<OpenAIRequest, Answer, Frame>;

const requestOf = (path: string, body: JsonObject): OpenAIRequest => ({
  url: `http://127.0.0.1:9/v1${path}`,
  headers: new Headers(),
  body: { model: 'gpt-test', ...body },
});
const role = (turn: number): string => (turn % 2 === 0 ? 'user' : 'assistant');
const listAt = (value: unknown, key: string): readonly unknown[] => {
  const list = at(value, key);
  return isList(list) ? list : [];
};
/** Every string below a value. */
const strings = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(strings)
      : [];
const USAGE = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };

const kits: readonly Kit[] = [
  {
    adapter: chatAdapter,
    request: (turns) =>
      requestOf('/chat/completions', { messages: turns.map((content, turn) => ({ role: role(turn), content })) }),
    reply: (content) => ({
      body: {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: 'gpt-test',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: USAGE,
      },
    }),
    chunks: (pieces) => [
      ...pieces.map((content) =>
        writeFrame({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }, 'event'),
      ),
      writeFrame({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: USAGE }, 'event'),
      endFrame(),
    ],
    textOfReply: ({ body }) =>
      listAt(body, 'choices')
        .map((each) => textAt(at(each, 'message'), 'content') ?? '')
        .join(''),
    textOfChunks: (chunks) =>
      chunks
        .flatMap(({ data }) => listAt(data, 'choices'))
        .map((choice) => textAt(at(choice, 'delta'), 'content') ?? '')
        .join(''),
    textsOfRequest: ({ body }) => strings(body['messages']),
  },
  {
    adapter: responsesAdapter,
    request: (turns) =>
      requestOf('/responses', { input: turns.map((content, turn) => ({ role: role(turn), content })) }),
    reply: (text) => ({ body: response([messageItem(text)]) }),
    chunks: (pieces) => framesOf(messageEvents(pieces)),
    textOfReply: ({ body }) =>
      listAt(body, 'output')
        .flatMap((item) => listAt(item, 'content'))
        .map((part) => textAt(part, 'text') ?? '')
        .join(''),
    textOfChunks: (chunks) =>
      chunks
        .filter(({ data }) => textAt(data, 'type') === 'response.output_text.delta')
        .map(({ data }) => textAt(data, 'delta') ?? '')
        .join(''),
    textsOfRequest: ({ body }) => strings(body['input']),
  },
];

describe.for(kits)('$adapter.name', (kit) => {
  testAdapter(kit, { test });
});

// It knows one turn, and cannot be told to do better: the rest of the suite is not for it.
describe('openai-completions', () => {
  const bare: ChatAdapter<OpenAIRequest, Answer, Frame> = completionsAdapter;
  const kit: Kit = {
    adapter: bare,
    request: (turns) => requestOf('/completions', { prompt: turns.at(-1) }),
    reply: (text) => ({
      body: { id: 'cmpl-1', object: 'text_completion', choices: [{ index: 0, text }], usage: USAGE },
    }),
    chunks: (pieces) => [
      ...pieces.map((text) => writeFrame({ id: 'c', choices: [{ index: 0, text, finish_reason: null }] }, 'event')),
      writeFrame({ id: 'c', choices: [{ index: 0, text: '', finish_reason: 'stop' }], usage: USAGE }, 'event'),
      endFrame(),
    ],
    textOfReply: ({ body }) =>
      listAt(body, 'choices')
        .map((each) => textAt(each, 'text') ?? '')
        .join(''),
    textOfChunks: (chunks) =>
      chunks
        .flatMap(({ data }) => listAt(data, 'choices'))
        .map((choice) => textAt(choice, 'text') ?? '')
        .join(''),
    textsOfRequest: ({ body }) => strings(body['prompt']),
  };
  const cases: { readonly title: string; readonly body: () => unknown }[] = [];
  testAdapter(kit, { test: (title, body) => void cases.push({ title, body }) });
  const ofSeveralTurns = /every turn|try again|older flagged|retries|kit reads/;
  test.for(cases.filter(({ title }) => !ofSeveralTurns.test(title)))('$title', async ({ body }) => {
    await body();
  });
});
