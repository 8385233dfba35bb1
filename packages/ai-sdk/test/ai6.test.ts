import { startServer } from '@chaperone/testing';
import {
  generateText,
  jsonSchema,
  Output,
  readUIMessageStream,
  stepCountIs,
  streamText,
  tool,
  ToolLoopAgent,
  wrapLanguageModel,
  type UIMessage,
} from 'ai6';
import { createOpenAICompatible } from 'openai-compatible6';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardErrorText, guardMiddleware, guardModel, isRefusalError } from '../src/index.ts';
import { MARKER, REFUSED, watched, type Watched } from './support/guards.ts';
import { outcomeOf, visible } from './support/outcome.ts';

/** `ai` 6 and a provider for it: they speak V3 of the interface. */
const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

const local = createOpenAICompatible({
  name: 'local',
  baseURL: server.url,
  includeUsage: true,
  supportsStructuredOutputs: true,
}).chatModel('local-test');
type Model = Parameters<typeof wrapLanguageModel>[0]['model'];
type Middleware = Parameters<typeof wrapLanguageModel>[0]['middleware'];

describe.each<readonly [string, (watched: Watched) => Model]>([
  ['guardModel', ({ guard }) => guardModel(local, guard)],
  [
    'guardMiddleware',
    // The types of this package are those of the `ai` that is installed beside it: here that is version 7.
    ({ guard }) => wrapLanguageModel({ model: local, middleware: guardMiddleware(guard) as Middleware }),
  ],
])('With ai 6, %s', (_, make) => {
  const tools = {
    look: tool({
      inputSchema: jsonSchema<{ at: string }>({ type: 'object', properties: { at: { type: 'string' } } }),
      execute: ({ at }) => (at === 'the page' ? `a ${MARKER} page` : 'a view of the sea'),
    }),
  };
  const look = (at: string) => ({ toolCalls: [{ name: 'look', arguments: JSON.stringify({ at }) }] });
  const both = async (model: Model, prompt: string): Promise<{ whole: string; streamed: string }> => {
    const whole = await outcomeOf(
      generateText({ model, prompt, maxRetries: 0 }).then(({ content, finishReason, usage }) => ({
        content,
        finishReason,
        usage,
      })),
    );
    const parts: unknown[] = [];
    for await (const part of streamText({ model, prompt, maxRetries: 0 }).fullStream) parts.push(part);
    return { whole: whole.seen, streamed: visible(parts) };
  };

  test('a clean call gives what the unguarded one gives, and one moderation per segment', async () => {
    const answer = { content: 'A calm day.', reasoning: 'Of the sea.' };
    server.setChat(answer);
    const plain = await both(local, 'Hello');
    server.reset(); // ids begin anew
    server.setChat(answer);
    const watching = watched();
    expect(await both(make(watching), 'Hello')).toEqual(plain);
    expect(plain.streamed).toContain('reasoning-delta');
    expect(watching.moderator.texts).toEqual(['Hello', 'Of the sea.', 'A calm day.']);
  });

  test.each([
    ['input', `What is a ${MARKER}?`, { content: 'A calm day.' }],
    ['text', 'Hello', { content: `A ${MARKER} day.` }],
    ['reasoning', 'Hello', { content: 'A calm day.', reasoning: `Of the ${MARKER}.` }],
    ['tool call', 'Hello', look(`the ${MARKER}`)],
  ])('a flagged %s never arrives', async (_place, prompt, answer) => {
    server.setChat(answer);
    const { whole, streamed } = await both(make(watched()), prompt);
    for (const seen of [whole, streamed]) {
      expect(seen).toContain(REFUSED);
      expect(seen).toContain('content-filter');
      expect(seen.replace(prompt, '')).not.toContain(MARKER);
    }
  });

  test('a blocked reply is a complete message to the SDK’s own reader', async () => {
    server.setChat(`A calm day by the sea. It is calm there, and nobody comes. Then a ${MARKER} came.`);
    const result = streamText({ model: make(watched()), prompt: 'Hello' });
    const reasons: unknown[] = [];
    const stream = result.toUIMessageStream({ onFinish: ({ finishReason }) => void reasons.push(finishReason) });
    let message: UIMessage | undefined;
    for await (const each of readUIMessageStream({ stream })) message = each;
    expect(message?.parts.map((part) => ('state' in part ? part.state : part.type))).toEqual([
      'step-start',
      'done',
      'done',
    ]);
    expect(message?.parts.at(-1)).toMatchObject({
      text: REFUSED,
      providerMetadata: { chaperone: { action: 'block' } },
    });
    expect(reasons).toEqual(['content-filter']);
    expect(visible(message)).not.toContain(MARKER);
  });

  test('structured output: one typed error, thrown or in the stream', async () => {
    server.setChat(JSON.stringify({ calm: MARKER }));
    const options = {
      model: make(watched()),
      prompt: 'Hello',
      output: Output.object({ schema: jsonSchema({ type: 'object' }) }),
    };
    const { error } = await outcomeOf(generateText(options));
    expect(isRefusalError(error)).toBe(true);
    const errors: unknown[] = [];
    const result = streamText({ ...options, onError: ({ error: each }) => void errors.push(each) });
    for await (const chunk of result.toUIMessageStream({ onError: guardErrorText }))
      if (chunk.type === 'error') expect(chunk.errorText).toBe(REFUSED);
    expect(errors.map(isRefusalError)).toEqual([true]);
  });

  test('a forced tool: the error comes first; the SDK adds its own, for it knows no end without a call', async () => {
    server.setChat(look(`the ${MARKER}`));
    const errors: unknown[] = [];
    const result = streamText({
      model: make(watched()),
      prompt: 'Hello',
      tools,
      toolChoice: 'required',
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();
    expect(isRefusalError(errors[0])).toBe(true);
  });

  test('an agent survives a flagged page', async () => {
    server.setChat([look('the page'), look('the sea'), { content: 'All seen.' }]);
    const watching = watched({ input: { toolOutput: 'replace' } });
    const agent = new ToolLoopAgent({ model: make(watching), tools, stopWhen: stepCountIs(5) });
    expect((await agent.generate({ prompt: 'Look.' })).text).toBe('All seen.');
    expect(server.chatRequests.map(({ body }) => JSON.stringify(body)).join()).not.toContain(MARKER);
    expect(watching.flagged).toHaveLength(1);
  });

  test('an older flagged turn is replaced', async () => {
    server.setChat('A calm night.');
    const watching = watched();
    const { text } = await generateText({
      model: make(watching),
      messages: [
        { role: 'user', content: [{ type: 'file', mediaType: 'text/plain', data: Buffer.from(`a ${MARKER}`) }] },
        { role: 'assistant', content: 'Sure.' },
        { role: 'user', content: 'Go on.' },
      ],
    });
    expect(text).toBe('A calm night.');
    expect(JSON.stringify(server.chatRequests.map(({ body }) => body))).toMatch(/\[removed\].*\[removed\].*Go on\./);
    expect(watching.flagged).toEqual([]);
  });
});
