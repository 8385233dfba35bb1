import { ConfigurationError } from '@chaperone/core';
import { startServer } from '@chaperone/testing';
import { createOpenAI } from '@ai-sdk/openai';
import {
  createProviderRegistry,
  customProvider,
  extractReasoningMiddleware,
  generateText,
  streamText,
  wrapLanguageModel,
  wrapProvider,
  type LanguageModel,
} from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardMiddleware, guardModel, guardToolApproval, type GuardableModel } from '../src/index.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { asked, scripted, streamed } from './support/scripted.ts';
import { textReply, textStream } from './support/parts.ts';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());
const openai = createOpenAI({ apiKey: 'none', baseURL: server.url });

type OldModel = Extract<LanguageModel, { specificationVersion: 'v2' }>;

/** A model of a provider for ai 5, which says the marker. */
const old = (text: string): OldModel => {
  const usage = { inputTokens: 3, outputTokens: 5, totalTokens: 8 };
  return {
    specificationVersion: 'v2',
    provider: 'old',
    modelId: 'old',
    supportedUrls: {},
    doGenerate: async () => ({ content: [{ type: 'text', text }], finishReason: 'stop', usage, warnings: [] }),
    doStream: async () => ({
      stream: new ReadableStream({
        start(controller) {
          controller.enqueue({ type: 'stream-start', warnings: [] });
          controller.enqueue({ type: 'text-start', id: '0' });
          controller.enqueue({ type: 'text-delta', id: '0', delta: text });
          controller.enqueue({ type: 'text-end', id: '0' });
          controller.enqueue({ type: 'finish', finishReason: 'stop', usage });
          controller.close();
        },
      }),
    }),
  };
};

const older = (text: string): MockLanguageModelV3 =>
  new MockLanguageModelV3({
    doGenerate: async () => textReply(text) as never, // what is said in V4 is said alike in V3
    doStream: async () => streamed(textStream(text)) as never,
  });

describe('However a model is wrapped, it is guarded', () => {
  const guarded = (): ReturnType<typeof guardMiddleware> => guardMiddleware(watched().guard);
  afterEach(() => {
    globalThis.AI_SDK_DEFAULT_PROVIDER = undefined;
  });

  test.each<readonly [string, () => LanguageModel]>([
    ['guardModel', () => guardModel(openai.chat('gpt-test'), watched().guard)],
    ['guardModel over V3', () => guardModel(older(`A ${MARKER}.`), watched().guard)],
    ['wrapLanguageModel', () => wrapLanguageModel({ model: openai.chat('gpt-test'), middleware: guarded() })],
    ['wrapLanguageModel over V3', () => wrapLanguageModel({ model: older(`A ${MARKER}.`), middleware: guarded() })],
    ['wrapLanguageModel over V2', () => wrapLanguageModel({ model: old(`A ${MARKER}.`), middleware: guarded() })],
    [
      'wrapProvider',
      () =>
        wrapProvider({
          provider: customProvider({ languageModels: { small: openai.chat('gpt-test') } }),
          languageModelMiddleware: guarded(),
        }).languageModel('small'),
    ],
    [
      'createProviderRegistry',
      () =>
        createProviderRegistry(
          { mine: customProvider({ languageModels: { small: openai.chat('gpt-test') } }) },
          { languageModelMiddleware: guarded() },
        ).languageModel('mine:small'),
    ],
    [
      'customProvider',
      () =>
        customProvider({
          languageModels: { safe: guardModel(openai.chat('gpt-test'), watched().guard) },
        }).languageModel('safe'),
    ],
    [
      'the default provider',
      () => {
        globalThis.AI_SDK_DEFAULT_PROVIDER = wrapProvider({
          provider: customProvider({ languageModels: { small: openai.chat('gpt-test') } }),
          languageModelMiddleware: guarded(),
        });
        return 'small';
      },
    ],
  ])('%s', async (_, make) => {
    server.setChat(`A ${MARKER}.`);
    const model = make();
    const whole = await generateText({ model, prompt: 'Hello' });
    expect([whole.text, whole.finishReason]).toEqual([REFUSED, 'content-filter']);
    const stream = streamText({ model, prompt: 'Hello' });
    expect([await stream.text, await stream.finishReason]).toEqual([REFUSED, 'content-filter']);
    expect(whole.usage.totalTokens).toBeGreaterThan(0);
  });
});

test('put first, the guard sees what other middleware has made of the reply', async () => {
  const { guard, moderator } = watched();
  const model = wrapLanguageModel({
    model: scripted('<think>Of the sea.</think>A calm day.'),
    middleware: [guardMiddleware(guard), extractReasoningMiddleware({ tagName: 'think' })],
  });
  const { text, finalStep } = await generateText({ model, prompt: 'Hello' });
  expect([text, finalStep.reasoningText]).toEqual(['A calm day.', 'Of the sea.']);
  expect(moderator.texts).toEqual(['Hello', 'Of the sea.', 'A calm day.']);
});

test('a guarded model says what the model says of itself', () => {
  const model = openai.chat('gpt-test');
  const guarded = guardModel(model, watched().guard);
  expect(guarded).toMatchObject({
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
  });
});

test('the model handed in stays unguarded', async () => {
  const model = scripted(`A ${MARKER}.`);
  guardModel(model, watched().guard);
  expect((await generateText({ model, prompt: `${MARKER}?` })).text).toBe(`A ${MARKER}.`);
  expect(asked(model)).toHaveLength(1);
});

describe('A wrong argument is refused in a sentence', () => {
  const { guard } = watched();
  const model = scripted('Fine.');
  test.each<readonly [string, RegExp, () => unknown]>([
    ['guardModel.model', /is a name/, () => guardModel('openai/gpt' as unknown as GuardableModel, guard)],
    ['guardModel.model', /wrapLanguageModel/, () => guardModel(old('') as unknown as GuardableModel, guard)],
    ['guardModel.model', /must be a language model/, () => guardModel({} as GuardableModel, guard)],
    ['guardModel.guard', /made with createGuard/, () => guardModel(model, {} as typeof guard)],
    ['guardModel.contxt', /is not an option/, () => guardModel(model, guard, { contxt: () => ({}) } as object)],
    ['guardModel.context', /must be a function/, () => guardModel(model, guard, { context: {} } as object)],
    ['guardMiddleware.guard', /made with createGuard/, () => guardMiddleware(undefined as unknown as typeof guard)],
    ['guardMiddleware.options', /must be an object/, () => guardMiddleware(guard, [] as object)],
    ['guardToolApproval.guard', /made with createGuard/, () => guardToolApproval({} as typeof guard)],
  ])('%s %s', (path, said, make) => {
    let mistake: unknown;
    try {
      make();
    } catch (error) {
      mistake = error;
    }
    expect(mistake).toBeInstanceOf(ConfigurationError);
    expect(mistake).toMatchObject({ path, message: expect.stringMatching(said) });
  });
});
