import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { startServer, type Answer } from '@chaperone/testing';
import type { LanguageModel } from 'ai';
import { anthropicWire } from './anthropic-wire.ts';
import { googleWire } from './google-wire.ts';
import { responsesWire } from './responses-wire.ts';
import type { Provider, Said } from './said.ts';
import { startWire, type Wire } from './wire-server.ts';

type Model = Extract<LanguageModel, { specificationVersion: 'v4' }>;

/** The SDK's own providers over HTTP, each talking to a server that speaks its vendor's wire. */
export const PROVIDERS: readonly {
  readonly name: string;
  /** Whether its wire carries reasoning: the chat completions of OpenAI itself do not. */
  readonly reasons: boolean;
  readonly start: () => Promise<Provider<Model>>;
}[] = [
  {
    name: '@ai-sdk/openai',
    reasons: true,
    start: () => over(responsesWire, (baseURL) => createOpenAI({ apiKey: 'none', baseURL })('gpt-5-test')),
  },
  {
    name: '@ai-sdk/openai, chat completions',
    reasons: false,
    start: () => overOpenAI((baseURL) => createOpenAI({ apiKey: 'none', baseURL }).chat('gpt-test')),
  },
  {
    name: '@ai-sdk/openai-compatible',
    reasons: true,
    start: () =>
      overOpenAI((baseURL) =>
        createOpenAICompatible({
          name: 'local',
          baseURL,
          includeUsage: true,
          supportsStructuredOutputs: true,
        }).chatModel('local-test'),
      ),
  },
  {
    name: '@ai-sdk/anthropic',
    reasons: true,
    start: () => over(anthropicWire, (baseURL) => createAnthropic({ apiKey: 'none', baseURL })('claude-sonnet-4-5')),
  },
  {
    name: '@ai-sdk/google',
    reasons: true,
    start: () =>
      over(googleWire, (baseURL) =>
        createGoogleGenerativeAI({ apiKey: 'none', baseURL, generateId: () => 'call_1' })('gemini-test'),
      ),
  },
];

async function overOpenAI(create: (baseURL: string) => Model): Promise<Provider<Model>> {
  const server = await startServer();
  return {
    model: create(server.url),
    bodies: () => server.chatRequests.map(({ body }) => JSON.stringify(body)),
    say: (...answers) => server.setChat(answers.map(answerOf)),
    reset: () => server.reset(),
    close: () => server.close(),
  };
}

function answerOf({ reasoning, text, tool }: Said): Answer {
  return {
    ...(reasoning !== undefined && { reasoning }),
    ...(text !== undefined && { content: text }),
    ...(tool && { toolCalls: [{ id: 'call_1', name: tool.name, arguments: JSON.stringify(tool.input) }] }),
  };
}

async function over(wire: Wire, create: (baseURL: string) => Model): Promise<Provider<Model>> {
  const server = await startWire(wire);
  return {
    model: create(server.url),
    bodies: () => [...server.bodies],
    say: (...answers) => server.say(...answers),
    reset: () => server.reset(),
    close: () => server.close(),
  };
}
