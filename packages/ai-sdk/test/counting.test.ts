import { retry } from '@chaperone/core';
import { startServer } from '@chaperone/testing';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  generateText,
  isStepCount,
  jsonSchema,
  Output,
  streamText,
  tool,
  ToolLoopAgent,
  type ModelMessage,
} from 'ai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardModel, isRefusalError } from '../src/index.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { reply, stream, textParts, usage } from './support/parts.ts';
import { asked, scripted } from './support/scripted.ts';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());
const provider = createOpenAICompatible({ name: 'local', baseURL: server.url });

const look = (at: string) => ({ toolCalls: [{ name: 'look', arguments: `{ "at": "${at}" }` }] });
const views = (...views: readonly string[]) => ({
  look: tool({
    inputSchema: jsonSchema<{ at: string }>({ type: 'object', properties: { at: { type: 'string' } } }),
    execute: ({ at }) => views.find((view) => view.includes(at)) ?? 'nothing',
  }),
});

describe('One moderation for each new segment', () => {
  test.each(['generate', 'stream'] as const)('over the steps of an agent (%s)', async (way) => {
    server.setChat([look('sea'), look('hill'), { content: 'All is calm.' }]);
    const { guard, moderator } = watched();
    const agent = new ToolLoopAgent({
      model: guardModel(provider.chatModel('local-test'), guard),
      tools: views('a view of the sea', 'a view of the hill'),
      stopWhen: isStepCount(5),
    });
    const result = await agent[way]({ prompt: 'Look around.' });
    expect(await result.text).toBe('All is calm.');
    expect(server.chatRequests).toHaveLength(3);
    expect(moderator.texts).toEqual([
      'Look around.',
      '{"at":"sea"}',
      'a view of the sea',
      '{"at":"hill"}',
      'a view of the hill',
      'All is calm.',
    ]);
  });

  test.each(['generate', 'stream'] as const)(
    'over the retries of the SDK (%s)',
    async (way) => {
      server.fault('chat', { kind: 'status', status: 503, headers: { 'retry-after-ms': '1' } }, { times: 2 });
      server.setChat('All is calm.');
      const { guard, moderator } = watched();
      const options = { model: guardModel(provider.chatModel('local-test'), guard), prompt: 'Hello', maxRetries: 2 };
      const text = await (way === 'generate' ? (await generateText(options)).text : streamText(options).text);
      expect(text).toBe('All is calm.');
      expect(server.chatRequests).toHaveLength(3);
      expect(moderator.texts).toEqual(['Hello', 'All is calm.']);
    },
    20_000,
  );

  test('over the turns of a chat, streamed or not', async () => {
    server.setChat(({ messages }) => `Answer ${messages.length}.`);
    const { guard, moderator } = watched();
    const model = guardModel(provider.chatModel('local-test'), guard);
    const messages: ModelMessage[] = [];
    for (let turn = 1; turn <= 6; turn++) {
      messages.push({ role: 'user', content: `Question ${turn}?` });
      const before = moderator.texts.length;
      const { responseMessages } =
        turn % 2 === 0 ? await generateText({ model, messages }) : streamText({ model, messages });
      messages.push(...(await responseMessages));
      expect(moderator.texts.slice(before)).toEqual([`Question ${turn}?`, `Answer ${turn * 2 - 1}.`]);
    }
  });
});

describe('Generations', () => {
  const flaggedStream = {
    parts: stream(...textParts(`A ${MARKER}.`)),
    reply: reply([{ type: 'text', text: `A ${MARKER}.` }]),
  };
  const calls = (model: ReturnType<typeof scripted>): number => asked(model).length;
  const overloaded = (): APICallError =>
    new APICallError({
      message: 'overloaded',
      url: 'http://local',
      requestBodyValues: {},
      statusCode: 503,
      isRetryable: true,
      responseHeaders: { 'retry-after-ms': '1' },
    });

  test.each([
    [0, 3, 5, 1],
    [1, 3, 5, 2],
    [2, 3, 5, 3],
  ])(
    'a retry of %i beside maxRetries %i and streamRetries %i makes %i, and not their product',
    async (maxRetries, sdk, streamRetries, expected) => {
      const { guard, settled } = watched({ fallback: retry({ maxRetries }) });
      const whole = scripted(flaggedStream);
      await generateText({ model: guardModel(whole, guard), prompt: 'Hello', maxRetries: sdk });
      expect(calls(whole)).toBe(expected);
      const streamed = scripted(flaggedStream);
      await streamText({ model: guardModel(streamed, guard), prompt: 'Hello', maxRetries: sdk, streamRetries }).text;
      expect(calls(streamed)).toBe(expected);
      expect(settled.map(({ attempts, delivery }) => [attempts, delivery])).toEqual([
        [expected, 'refused'],
        [expected, 'refused'],
      ]);
    },
  );

  test('the SDK repeats what the provider failed at, and not what the guard tried again', async () => {
    const { guard } = watched({ fallback: retry({ maxRetries: 1 }) });
    const model = scripted(overloaded(), flaggedStream, 'All is calm.');
    const { text } = await generateText({ model: guardModel(model, guard), prompt: 'Hello', maxRetries: 2 });
    expect(text).toBe('All is calm.');
    expect(calls(model)).toBe(3);
  });

  test('a provider that fails after a flagged attempt is not asked again: the refusal stands', async () => {
    const { guard } = watched({ fallback: retry({ maxRetries: 3 }) });
    const model = scripted(flaggedStream, overloaded());
    const { finishReason } = await generateText({ model: guardModel(model, guard), prompt: 'Hello', maxRetries: 4 });
    expect(finishReason).toBe('content-filter');
    expect(calls(model)).toBe(2);
  });

  test.each([
    [undefined, 1],
    [0, 1],
    [2, 3],
  ])('where words are no answer, streamRetries %j repeats the error part: %i', async (streamRetries, expected) => {
    const model = scripted(flaggedStream);
    const errors: unknown[] = [];
    const result = streamText({
      model: guardModel(model, watched().guard),
      prompt: 'Hello',
      output: Output.object({ schema: jsonSchema({ type: 'object' }) }),
      maxRetries: 4,
      ...(streamRetries !== undefined && { streamRetries }),
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();
    expect(calls(model)).toBe(expected);
    expect(errors.every(isRefusalError)).toBe(true);
    expect(errors).toHaveLength(expected);
  });

  test.each(['required', { type: 'tool', toolName: 'look' }] as const)(
    'where a tool is forced (%j) there is one error, asked once, thrown or in the stream',
    async (toolChoice) => {
      const { guard } = watched();
      const options = { prompt: 'Hello', tools: views(), toolChoice, maxRetries: 4 };
      const whole = scripted(flaggedStream);
      const thrown: unknown = await generateText({ model: guardModel(whole, guard), ...options }).catch(
        (error: unknown) => error,
      );
      expect(isRefusalError(thrown) && thrown.message).toBe(REFUSED);
      expect(calls(whole)).toBe(1);
      const errors: unknown[] = [];
      const streamed = scripted(flaggedStream);
      const model = guardModel(streamed, guard);
      const result = streamText({ model, ...options, onError: ({ error }) => void errors.push(error) });
      const parts: string[] = [];
      for await (const { type } of result.stream) parts.push(type);
      expect(errors.map(isRefusalError)).toEqual([true]);
      expect(parts).toEqual(['start', 'start-step', 'error', 'finish-step', 'finish']);
      expect(calls(streamed)).toBe(1);
    },
  );

  test.each(['generate', 'stream'] as const)(
    'a retry gets feedback, behind the developer’s own words, and its tokens are added up (%s)',
    async (way) => {
      const { guard, settled } = watched({ fallback: retry({ feedback: () => 'Say it otherwise.' }) });
      const model = scripted(flaggedStream, 'All is calm.');
      const options = { model: guardModel(model, guard), instructions: 'Be brief.', prompt: 'Hello' };
      const result = way === 'generate' ? await generateText(options) : streamText(options);
      expect(await result.text).toBe('All is calm.');
      const sums = [2 * (usage.inputTokens.total ?? 0), 2 * (usage.outputTokens.total ?? 0)];
      expect(await result.usage).toMatchObject({ inputTokens: sums[0], outputTokens: sums[1] });
      expect(settled[0]?.usage).toEqual({ inputTokens: sums[0], outputTokens: sums[1], unknown: 0 });
      const [first, second] = asked(model);
      expect(first).not.toContain('Say it otherwise.');
      expect(JSON.parse(second ?? '')).toMatchObject([
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'Say it otherwise.' },
        { role: 'user' },
      ]);
    },
  );
});
