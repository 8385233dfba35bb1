import { createGuard, reject, type Decision, type Guard } from '@chaperone/core';
import { fakeModerator, type FakeModerator } from '@chaperone/testing';
import {
  generateText,
  isStepCount,
  jsonSchema,
  Output,
  streamText,
  tool,
  ToolLoopAgent,
  type LanguageModel,
  type ToolSet,
} from 'ai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardModel, RefusalError, type GuardableModel } from '../src/index.ts';
import { outcomeOf, type Outcome } from './support/outcome.ts';
import { PROVIDERS } from './support/providers.ts';
import type { Provider, Said } from './support/said.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';

let looked: unknown[] = [];
const tools: ToolSet = {
  look: tool({
    description: 'Looks.',
    inputSchema: jsonSchema<{ at: string }>({ type: 'object', properties: { at: { type: 'string' } } }),
    execute: (input) => {
      looked.push(input);
      return 'A view of the shore.';
    },
  }),
};
const mood = Output.object({
  name: 'mood',
  schema: jsonSchema<{ calm: string }>({
    type: 'object',
    properties: { calm: { type: 'string' } },
    required: ['calm'],
    additionalProperties: false,
  }),
});

/** One way to call a model: what comes of it is all that the caller could see. */
interface Style {
  readonly name: string;
  readonly call: (model: LanguageModel, prompt: string) => Promise<unknown>;
  /** What the model says in the step that ends the call. */
  readonly said: (word: string) => Said;
  /** Words are no answer there. */
  readonly throws?: boolean;
  readonly steps: number;
}

const quiet = { maxRetries: 0 } as const;
const sentence = (word: string): Said => ({ text: `A calm ${word} by the sea.` });

/** All that a stream gives, and what is left when it has ended. */
async function drain(result: {
  readonly stream: AsyncIterable<unknown>;
  readonly steps: PromiseLike<unknown>;
}): Promise<unknown> {
  const parts: unknown[] = [];
  for await (const part of result.stream) parts.push(part);
  return { parts, steps: await result.steps };
}

const STYLES: readonly Style[] = [
  {
    name: 'generateText',
    said: sentence,
    steps: 1,
    call: async (model, prompt) => {
      const { steps, usage, responseMessages } = await generateText({ model, prompt, tools, ...quiet });
      return { steps, usage, responseMessages };
    },
  },
  {
    name: 'streamText',
    said: sentence,
    steps: 1,
    call: async (model, prompt) => drain(streamText({ model, prompt, tools, ...quiet, onError: () => {} })),
  },
  {
    name: 'structured output',
    said: (word) => ({ text: JSON.stringify({ calm: word }) }),
    steps: 1,
    throws: true,
    call: async (model, prompt) => {
      const { output, steps } = await generateText({ model, prompt, tools, output: mood, ...quiet });
      return { output, steps };
    },
  },
  {
    name: 'structured output, streamed',
    said: (word) => ({ text: JSON.stringify({ calm: word }) }),
    steps: 1,
    throws: true,
    call: async (model, prompt) => {
      const errors: unknown[] = [];
      const result = streamText({
        model,
        prompt,
        tools,
        output: mood,
        ...quiet,
        onError: ({ error }) => void errors.push(error),
      });
      const parts: unknown[] = [];
      for await (const part of result.stream) parts.push(part);
      if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors);
      return { parts, output: await result.output };
    },
  },
  {
    name: 'an agent',
    said: sentence,
    steps: 2,
    call: async (model, prompt) => {
      const agent = new ToolLoopAgent({ model, tools, stopWhen: isStepCount(4), ...quiet });
      const { steps, text } = await agent.generate({ prompt });
      return { steps, text };
    },
  },
];

interface Guarding {
  readonly model: LanguageModel;
  readonly moderator: FakeModerator;
  readonly guard: Guard;
  readonly decisions: Decision[];
}

function guarded(model: GuardableModel): Guarding {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const guard = createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }) });
  const decisions: Decision[] = [];
  guard.on('flagged', ({ decision }) => decisions.push(decision));
  return { model: guardModel(model, guard), moderator, guard, decisions };
}

describe.for(PROVIDERS)('$name', ({ start, reasons }) => {
  let provider: Provider<GuardableModel>;
  beforeAll(async () => {
    provider = await start();
  });
  afterAll(() => provider.close());
  beforeEach(() => {
    provider.reset();
    looked = [];
  });

  describe.for(STYLES)('$name', ({ call, said, throws = false, steps }) => {
    const look: Said = { tool: { name: 'look', input: { at: 'the sea' } } };
    /** The answers of a call that ends in this one. */
    const upTo = (last: Said): Said[] => (steps === 2 ? [look, last] : [last]);

    const expectRefused = ({ seen, error }: Outcome, decisions: readonly Decision[], stage: string): void => {
      expect(seen).toContain(REFUSED);
      expect(error instanceof RefusalError).toBe(throws);
      if (!throws) expect(seen).toMatch(/content-filter/);
      expect(decisions.map((decision) => decision.stage)).toEqual([stage]);
    };

    test('clean: what the unguarded model gives, and one moderation per segment', async () => {
      const answers = upTo({ ...said('day'), ...(reasons && { reasoning: 'Thinking of the sea.' }) });
      provider.say(...answers);
      const plain = await outcomeOf(call(provider.model, 'Hello'));
      expect(plain.error).toBeUndefined();
      expect(plain.seen).toContain('day');
      const asked = provider.bodies();
      provider.reset();
      provider.say(...answers);
      const { model, moderator, decisions } = guarded(provider.model);
      const clean = await outcomeOf(call(model, 'Hello'));
      expect(clean.seen).toBe(plain.seen);
      expect(provider.bodies()).toEqual(asked);
      expect(decisions).toEqual([]);
      const [first, last = first] = answers.map(textsOf);
      const judged =
        steps === 2
          ? ['Hello', ...(first ?? []), 'A view of the shore.', ...(last ?? [])]
          : ['Hello', ...(first ?? [])];
      expect(moderator.texts.join('')).toBe(judged.join(''));
      expect(new Set(moderator.texts).size).toBe(moderator.texts.length);
    });

    test('input flagged: the model is not asked', async () => {
      provider.say(...upTo(said('day')));
      const { model, decisions } = guarded(provider.model);
      expectRefused(await outcomeOf(call(model, `Tell me of ${MARKER}`)), decisions, 'input');
      expect(provider.bodies()).toEqual([]);
    });

    test('output flagged: its text never arrives', async () => {
      provider.say(...upTo(said(MARKER)));
      const { model, decisions } = guarded(provider.model);
      const outcome = await outcomeOf(call(model, 'Hello'));
      expectRefused(outcome, decisions, 'output');
      expect(outcome.seen).not.toContain(MARKER);
      expect(provider.bodies()).toHaveLength(steps);
    });

    test('tool call flagged: it never arrives, and the tool does not run', async () => {
      provider.say(...upTo({ tool: { name: 'look', input: { at: `the ${MARKER}` } } }));
      const { model, decisions } = guarded(provider.model);
      const outcome = await outcomeOf(call(model, 'Hello'));
      expectRefused(outcome, decisions, 'output');
      expect(outcome.seen).not.toContain(MARKER);
      expect(looked).toEqual(steps === 2 ? [{ at: 'the sea' }] : []);
    });

    test.for(reasons ? ['reasoning'] : [])('%s flagged: it never arrives', async () => {
      provider.say(...upTo({ ...said('day'), reasoning: `Thinking of ${MARKER}.` }));
      const { model, decisions } = guarded(provider.model);
      const outcome = await outcomeOf(call(model, 'Hello'));
      expectRefused(outcome, decisions, 'output');
      expect(outcome.seen).not.toContain(MARKER);
    });
  });
});

function textsOf({ reasoning, text, tool: called }: Said): readonly string[] {
  return [reasoning, text, called && JSON.stringify(called.input)].filter((each) => each !== undefined);
}
