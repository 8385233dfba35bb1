import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createGuard, reject, type Decision } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { guardFetch, guardOpenAI } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());
setTracingDisabled(true);

const client = (): OpenAI => new OpenAI({ apiKey: 'test', baseURL: server.url });

/** A library that is given a `fetch`, or a client, and what somebody reads in the end. */
interface Library {
  readonly name: string;
  readonly ask: (fetch: typeof globalThis.fetch, text: string) => Promise<string>;
}

async function joined(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

const LIBRARIES: readonly Library[] = [
  {
    name: '@ai-sdk/openai, chat',
    ask: async (fetch, prompt) => {
      const openai = createOpenAI({ apiKey: 'test', baseURL: server.url, fetch });
      return (await generateText({ model: openai.chat('gpt-test'), prompt })).text;
    },
  },
  {
    name: '@ai-sdk/openai, chat, streamed',
    ask: async (fetch, prompt) => {
      const openai = createOpenAI({ apiKey: 'test', baseURL: server.url, fetch });
      return joined(streamText({ model: openai.chat('gpt-test'), prompt }).textStream);
    },
  },
  {
    name: '@ai-sdk/openai, responses',
    ask: async (fetch, prompt) => {
      const openai = createOpenAI({ apiKey: 'test', baseURL: server.url, fetch });
      return (await generateText({ model: openai.responses('gpt-test'), prompt })).text;
    },
  },
  {
    name: '@ai-sdk/openai, responses, streamed',
    ask: async (fetch, prompt) => {
      const openai = createOpenAI({ apiKey: 'test', baseURL: server.url, fetch });
      return joined(streamText({ model: openai.responses('gpt-test'), prompt }).textStream);
    },
  },
  {
    name: '@ai-sdk/openai-compatible',
    ask: async (fetch, prompt) => {
      const provider = createOpenAICompatible({ name: 'local', baseURL: server.url, fetch });
      return (await generateText({ model: provider('gpt-test'), prompt })).text;
    },
  },
  {
    name: '@ai-sdk/openai-compatible, streamed',
    ask: async (fetch, prompt) => {
      const provider = createOpenAICompatible({ name: 'local', baseURL: server.url, fetch });
      return joined(streamText({ model: provider('gpt-test'), prompt }).textStream);
    },
  },
  {
    name: 'LangChain',
    ask: async (fetch, prompt) => {
      const model = new ChatOpenAI({
        model: 'gpt-test',
        apiKey: 'test',
        configuration: { baseURL: server.url, fetch },
      });
      return (await model.invoke(prompt)).text;
    },
  },
  {
    name: 'LangChain, streamed',
    ask: async (fetch, prompt) => {
      const model = new ChatOpenAI({
        model: 'gpt-test',
        apiKey: 'test',
        configuration: { baseURL: server.url, fetch },
      });
      let text = '';
      for await (const chunk of await model.stream(prompt)) text += chunk.text;
      return text;
    },
  },
  {
    name: 'plain fetch',
    ask: async (fetch, content) => {
      const response = await fetch(`${server.url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content }] }),
      });
      return response.text();
    },
  },
];

function guarding(): { fetch: typeof globalThis.fetch; guard: ReturnType<typeof createGuard>; flagged: Decision[] } {
  const guard = createGuard({
    moderators: [fakeModerator({ flags: { [MARKER]: 'odd' } })],
    fallback: reject({ message: REFUSED }),
  });
  const flagged: Decision[] = [];
  guard.on('flagged', ({ decision }) => flagged.push(decision));
  return { fetch: guardFetch(undefined, guard), guard, flagged };
}

describe.for(LIBRARIES)('$name', ({ ask }) => {
  test('clean: the same as without a guard', async () => {
    server.setChat('Fine weather by the sea.');
    const plain = await ask(globalThis.fetch, 'Hello');
    server.reset();
    server.setChat('Fine weather by the sea.');
    const { fetch, flagged } = guarding();
    expect(await ask(fetch, 'Hello')).toBe(plain);
    expect(plain).toContain('Fine weather');
    expect(flagged).toEqual([]);
  });

  test('input flagged: refused, and the model is not asked', async () => {
    const { fetch, flagged } = guarding();
    expect(await ask(fetch, `A ${MARKER}?`)).toContain(REFUSED);
    expect(server.generationRequests).toEqual([]);
    expect(flagged).toHaveLength(1);
  });

  test('output flagged: refused, once', async () => {
    server.setChat(`Look, a ${MARKER}.`);
    const { fetch, flagged } = guarding();
    const text = await ask(fetch, 'Hello');
    expect(text).toContain(REFUSED);
    expect(text).not.toContain(MARKER);
    expect(server.generationRequests).toHaveLength(1);
    expect(flagged).toHaveLength(1);
  });
});

describe.for(['chat_completions', 'responses'] as const)('The Agents SDK over %s', (api) => {
  const look = (looked: unknown[]) =>
    tool({
      name: 'look',
      description: 'Looks.',
      parameters: z.object({ at: z.string() }),
      execute: async (given) => {
        looked.push(given);
        return 'A view of the sea.';
      },
    });
  /** What came of a run: the SDK makes an error of its own of a response that is incomplete, and no error of a completion. */
  const run = async (text: string, isStream: boolean) => {
    const { guard, flagged } = guarding();
    const openAIClient = guardOpenAI(client(), guard);
    const modelProvider = new OpenAIProvider({ openAIClient, useResponses: api === 'responses' });
    const runner = new Runner({ modelProvider, tracingDisabled: true });
    const looked: unknown[] = [];
    const agent = new Agent({ name: 'guide', model: 'gpt-test', instructions: 'Be brief.', tools: [look(looked)] });
    const seen: string[] = [];
    const outcome = async (): Promise<string> => {
      if (!isStream) return String((await runner.run(agent, text)).finalOutput);
      const result = await runner.run(agent, text, { stream: true });
      for await (const event of result) seen.push(JSON.stringify(event));
      await result.completed;
      return String(result.finalOutput);
    };
    const output = await outcome().catch((error: unknown) => (error instanceof Error ? error.name : 'no error'));
    return { output, seen: seen.join('\n'), looked, flagged };
  };
  const refusal = api === 'responses' ? 'ModelBehaviorError' : REFUSED;

  test.for([false, true])('runs a tool and answers, streamed: %s', async (isStream) => {
    server.setChat([{ toolCalls: [{ name: 'look', arguments: '{"at":"sea"}' }] }, 'Fine weather.']);
    const { output, looked, flagged } = await run('Hello', isStream);
    expect(output).toContain('Fine weather.');
    expect(looked).toEqual([{ at: 'sea' }]);
    expect(flagged).toEqual([]);
  });

  test.for([false, true])(
    'ends with a refusal where a call is flagged, and the tool does not run, streamed: %s',
    async (isStream) => {
      server.setChat({ toolCalls: [{ name: 'look', arguments: `{"at":"${MARKER}"}` }] });
      const { output, seen, looked, flagged } = await run('Hello', isStream);
      expect(output).toBe(refusal);
      expect(seen).not.toContain(MARKER);
      expect(server.generationRequests).toHaveLength(1);
      expect(looked).toEqual([]);
      expect(flagged).toHaveLength(1);
    },
  );

  test.for([false, true])('ends with a refusal where the input is flagged, streamed: %s', async (isStream) => {
    const { output } = await run(`A ${MARKER}?`, isStream);
    expect(output).toBe(refusal);
    expect(server.generationRequests).toEqual([]);
  });
});
