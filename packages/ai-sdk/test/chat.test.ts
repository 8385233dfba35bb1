import type { Guard } from '@chaperone/core';
import { startServer } from '@chaperone/testing';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  convertToModelMessages,
  isStepCount,
  jsonSchema,
  Output,
  pipeUIMessageStreamToResponse,
  streamText,
  tool,
  toUIMessageStream,
  type LanguageModel,
  type UIMessage,
} from 'ai';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardErrorText, guardModel } from '../src/index.ts';
import { Chat } from './support/chat.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { visible } from './support/outcome.ts';

/** A chat as applications have one: a route that calls `streamText`, and the SDK's own client of it, over HTTP. */
const upstream = await startServer();
const provider = createOpenAICompatible({ name: 'local', baseURL: upstream.url, includeUsage: true });

interface Route {
  readonly model: LanguageModel;
  readonly settings?: Pick<Parameters<typeof streamText>[0], 'tools' | 'stopWhen' | 'output' | 'include'>;
}
let route: Route;
let ended: unknown[] = [];
const telemetry: unknown[] = [];
const tell = (event: unknown): void => void telemetry.push(event);
const spy = {
  onStart: tell,
  onStepStart: tell,
  onLanguageModelCallStart: tell,
  onLanguageModelCallEnd: tell,
  onStepEnd: tell,
  onEnd: tell,
  onError: tell,
};

const server = createServer((request, response) => {
  void (async () => {
    const { messages } = (await json(request)) as { messages: UIMessage[] };
    const result = streamText({
      model: route.model,
      messages: await convertToModelMessages(messages),
      maxRetries: 0,
      onError: () => {},
      onEnd: (event) => void ended.push(event),
      telemetry: { integrations: [spy] },
      ...route.settings,
    });
    await pipeUIMessageStreamToResponse({
      response,
      stream: toUIMessageStream({ stream: result.stream, onError: guardErrorText }),
    });
  })();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const api = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.reset();
  ended = [];
  telemetry.length = 0;
});

function chat(guard: Guard, settings?: Route['settings']): { chat: Chat; reasons: unknown[]; errors: Error[] } {
  route = { model: guardModel(provider.chatModel('local-test'), guard), ...(settings && { settings }) };
  const reasons: unknown[] = [];
  const errors: Error[] = [];
  return {
    chat: new Chat({
      api,
      onFinish: ({ finishReason }) => void reasons.push(finishReason),
      onError: (error) => void errors.push(error),
    }),
    reasons,
    errors,
  };
}

const CALM = 'A calm day by the sea. It is calm there, and nobody comes by. ';

describe('A reply that is blocked on its way', () => {
  test('is a complete message to the chat, which is ready again', async () => {
    upstream.setChat(`${CALM}Then a ${MARKER} came.`);
    const { guard, flagged } = watched();
    const { chat: client, reasons, errors } = chat(guard);
    await client.sendMessage({ text: 'Hello' });
    expect(client.status).toBe('ready');
    expect(errors).toEqual([]);
    expect(reasons).toEqual(['content-filter']);
    const decision = { decision: flagged[0]?.decision.id, stage: 'output', action: 'block' };
    expect(client.messages.at(-1)).toMatchObject({
      role: 'assistant',
      parts: [
        { type: 'step-start' },
        { type: 'text', text: expect.stringMatching(/^A calm day/), state: 'done' },
        { type: 'text', text: REFUSED, state: 'done', providerMetadata: { chaperone: decision } },
      ],
    });
    const [last] = client.messages.at(-1)?.parts.slice(-1) ?? [];
    expect(last && 'providerMetadata' in last && last.providerMetadata).toEqual({ chaperone: decision });
  });

  test('leaves nothing of the flagged text anywhere', async () => {
    upstream.setChat(`${CALM}Then a ${MARKER} came.`);
    const { guard, flagged, settled } = watched();
    const { chat: client } = chat(guard, { include: { rawChunks: true } });
    await client.sendMessage({ text: 'Hello' });
    await guard.idle();
    expect(ended).toHaveLength(1);
    expect(telemetry.length).toBeGreaterThan(3);
    expect(visible(telemetry)).toContain(REFUSED);
    for (const place of [client.messages, ended, telemetry, flagged, settled]) {
      expect(place.length).toBeGreaterThan(0);
      expect(visible(place)).not.toContain(MARKER);
    }
    expect(ended[0]).toMatchObject({ finishReason: 'content-filter', text: expect.stringContaining(REFUSED) });
  });

  test.each(['input', 'output'])('lets the next turn pass, and is not sent upstream again (%s)', async (stage) => {
    upstream.setChat([stage === 'output' ? `A ${MARKER} day.` : 'A calm night.', 'A calm night.']);
    const { guard, flagged } = watched();
    const { chat: client, reasons } = chat(guard);
    await client.sendMessage({ text: stage === 'input' ? `What is a ${MARKER}?` : 'Hello' });
    await client.sendMessage({ text: 'And at night?' });
    expect(reasons).toEqual(['content-filter', 'stop']);
    expect(client.messages.at(-1)?.parts.at(-1)).toMatchObject({ text: 'A calm night.' });
    expect(flagged).toHaveLength(1);
    const bodies = upstream.chatRequests.map(({ body }) => JSON.stringify(body));
    expect(bodies).toHaveLength(stage === 'input' ? 1 : 2);
    expect(bodies.at(-1)).toContain('And at night?');
    expect(bodies.join()).not.toContain(MARKER);
    expect(bodies.join()).not.toContain('chaperone');
  });

  test('with a tool call that was clean: the call is not left behind, and the next turn passes', async () => {
    upstream.setChat([
      {
        reasoning: CALM,
        toolCalls: [
          { name: 'look', arguments: '{"at":"sea"}' },
          { name: 'look', arguments: `{"at":"${MARKER}"}` },
        ],
      },
      'A calm night.',
    ]);
    const ran: unknown[] = [];
    const look = tool({
      inputSchema: jsonSchema<object>({ type: 'object' }),
      execute: (input) => (ran.push(input), 'seen'),
    });
    const { chat: client, reasons } = chat(watched().guard, { tools: { look }, stopWhen: isStepCount(3) });
    await client.sendMessage({ text: 'Hello' });
    expect(client.messages.at(-1)?.parts.map(({ type }) => type)).toEqual(['step-start', 'reasoning', 'text']);
    expect(ran).toEqual([]);
    await client.sendMessage({ text: 'And at night?' });
    expect(reasons).toEqual(['content-filter', 'stop']);
  });
});

test('Where words are no answer, the chat is told the message of the refusal, once', async () => {
  upstream.setChat(JSON.stringify({ calm: MARKER }));
  const output = Output.object({ schema: jsonSchema({ type: 'object' }) });
  const { chat: client, errors } = chat(watched().guard, { output });
  await client.sendMessage({ text: 'Hello' });
  expect(errors.map(({ message }) => message)).toEqual([REFUSED]);
  expect(client.status).toBe('error');
  expect(visible(client.messages)).not.toContain(MARKER);
});
