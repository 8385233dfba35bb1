import { type StreamKit, testAdapter, testHistoryAdapter } from '@chaperone/testing';
import { endFrame, type Frame, writeFrame } from '@chaperone/openai';
import { describe, test } from 'vitest';
import { routeExchange } from '../src/route/adapter.ts';
import { answerOf } from '../src/route/answer.ts';
import type { BodyForm, RouteRequest } from '../src/route/forms/form.ts';
import { openaiMessages } from '../src/route/forms/openai-messages.ts';
import { uiMessages } from '../src/route/forms/ui-messages.ts';
import type { ProtocolName } from '../src/route/protocols/protocol.ts';
import { type UIChat, uiChat } from '../src/index.ts';
import { at, isList, isRecord, textAt } from '../src/value.ts';

interface Speech extends Omit<StreamKit<RouteRequest, Frame>, 'adapter' | 'textsOfRequest'> {
  readonly name: ProtocolName;
  /** What the head of its answers says. */
  readonly contentType: string;
}

const role = (turn: number): string => (turn % 2 === 0 ? 'user' : 'assistant');
const strings = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : isList(value) || isRecord(value) ? Object.values(value).flatMap(strings) : [];
const requestOf = (form: BodyForm, body: RouteRequest['body']): RouteRequest => ({
  url: 'http://127.0.0.1:9/chat',
  headers: new Headers(),
  body,
  form,
});
const chatOf = (turns: readonly string[]): RouteRequest =>
  requestOf(openaiMessages, { messages: turns.map((content, turn) => ({ role: role(turn), content })) });
const uiMessagesOf = (turns: readonly string[]): UIChat['messages'] =>
  turns.map((text, turn) => ({ id: `m${turn}`, role: role(turn), parts: [{ type: 'text', text }] }));

const event = (data: object): Frame => writeFrame({ ...data }, 'event');
const completion = (content: string): Frame =>
  writeFrame({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content } }] }, 'document');
const ownReply = (reply: string): Frame => writeFrame({ reply, took: 3 }, 'document');
/** A piece as a body brings it: half a character waits for its other half. */
function textFrames(pieces: readonly string[]): Frame[] {
  let half = '';
  return pieces.map((piece) => {
    const [, text = '', rest = ''] = /^(.*?)([\ud800-\udbff]?)$/s.exec(half + piece) ?? [];
    half = rest;
    return { bytes: new TextEncoder().encode(text), form: 'event', data: text, readable: true };
  });
}

const SPEECHES: readonly Speech[] = [
  {
    name: 'ui-message-stream',
    contentType: 'text/event-stream',
    request: (turns) => requestOf(uiMessages, { id: 'chat', messages: uiMessagesOf(turns) }),
    chunks: (pieces) => [
      event({ type: 'start', messageId: 'a1' }),
      event({ type: 'start-step' }),
      event({ type: 'text-start', id: '0' }),
      ...pieces.map((delta) => event({ type: 'text-delta', id: '0', delta })),
      event({ type: 'text-end', id: '0' }),
      event({ type: 'finish-step' }),
      event({ type: 'finish', finishReason: 'stop' }),
      endFrame(),
    ],
    textOfChunks: (frames) => {
      const parts = Map.groupBy(frames, ({ data }) => textAt(data, 'id'));
      return [...parts.values()]
        .map((part) => part.map(({ data }) => textAt(data, 'delta') ?? '').join(''))
        .filter((text) => text !== '')
        .join('\n');
    },
  },
  {
    name: 'openai-stream',
    contentType: 'text/event-stream',
    request: chatOf,
    chunks: (pieces) => [
      ...pieces.map((content) => event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
      event({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      endFrame(),
    ],
    textOfChunks: (frames) =>
      frames.map(({ data }) => textAt(at(firstChoice(data), 'delta'), 'content') ?? '').join(''),
  },
  {
    name: 'openai',
    contentType: 'application/json',
    request: chatOf,
    chunks: (pieces) => [completion(pieces.join(''))],
    textOfChunks: (frames) => frames.map(textOfCompletion).join(''),
  },
  {
    name: 'json',
    contentType: 'application/json',
    request: chatOf,
    chunks: (pieces) => [ownReply(pieces.join(''))],
    textOfChunks: (frames) => frames.map(textOfOwn).join(''),
  },
  {
    name: 'text',
    contentType: 'text/plain',
    request: chatOf,
    chunks: textFrames,
    textOfChunks: (frames) => frames.map(({ data }) => (typeof data === 'string' ? data : '')).join(''),
  },
];

function firstChoice(data: unknown): unknown {
  const choices = at(data, 'choices');
  return isList(choices) ? choices[0] : undefined;
}
function textOfCompletion({ data }: Frame): string {
  return textAt(at(firstChoice(data), 'message'), 'content') ?? '';
}
function textOfOwn({ data }: Frame): string {
  return textAt(data, 'reply') ?? textAt(data, 'message') ?? '';
}

/** Whether the protocol is known from the request alone, or told by the head of an answer and its first frame. */
const KNOWN = ['by what the client sent', 'by what the handler answered'] as const;

describe.for(SPEECHES)('The adapter of routes that speak $name', ({ name, contentType, ...speech }) => {
  for (const known of KNOWN)
    describe(`where that is known ${known}`, () => {
      const exchange = routeExchange(name, { retracts: false });
      if (known === KNOWN[1]) {
        const headers = { 'content-type': contentType };
        exchange.answered(answerOf(new Response('.', { headers })));
      }
      testAdapter({ ...speech, adapter: exchange.adapter, textsOfRequest: ({ body }) => strings(body) }, { test });
    });
});

describe('uiChat', () => {
  testHistoryAdapter<UIChat>(
    { adapter: uiChat, request: (turns) => ({ messages: uiMessagesOf(turns) }), textsOfRequest: strings },
    { test },
  );
});
