import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { guardModel } from '@chaperone/ai-sdk';
import { guardFetch, guardOpenAI } from '@chaperone/openai';
import { fakeModerator, startServer } from '@chaperone/testing';
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardRoute } from '../src/index.ts';
import { serve } from './serve.ts';
import { MARKER, REFUSED, watched, type Watched } from './support/watch.ts';

/** Routes as applications write them, around real SDKs. */
const upstream = await startServer();
afterAll(() => upstream.close());
beforeEach(() => upstream.reset());

const CLEAN = 'Sea holly grows by the sea. It is blue in the evening, and nobody waters it. That is all.';
const FLAGGED = `Sea holly grows by the sea. Then a ${MARKER} came. That is all.`;
const provider = createOpenAICompatible({ name: 'local', baseURL: upstream.url });
const client = new OpenAI({ apiKey: 'none', baseURL: upstream.url, maxRetries: 0 });

interface App {
  readonly name: string;
  readonly body: (text: string) => object;
  /** With a guard: its model is guarded. */
  readonly handler: (guard?: Watched['guard']) => (request: Request) => Promise<Response>;
}

const chatOf = async (request: Request): Promise<{ messages: UIMessage[] }> =>
  (await request.json()) as { messages: UIMessage[] };
const openaiOf = async (request: Request): Promise<OpenAI.ChatCompletionMessageParam[]> =>
  ((await request.json()) as { messages: OpenAI.ChatCompletionMessageParam[] }).messages;

const APPS: readonly App[] = [
  {
    name: 'streamText of the AI SDK',
    body: (text) => ({ id: 'c', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text }] }] }),
    handler: (guard) => async (request) => {
      const { messages } = await chatOf(request);
      const model = provider.chatModel('scripted');
      const result = streamText({
        model: guard ? guardModel(model, guard) : model,
        messages: await convertToModelMessages(messages),
        abortSignal: request.signal,
        onError: () => {},
      });
      return createUIMessageStreamResponse({ stream: toUIMessageStream({ stream: result.stream }) });
    },
  },
  {
    name: 'the OpenAI client, whole',
    body: (content) => ({ model: 'scripted', messages: [{ role: 'user', content }] }),
    handler: (guard) => async (request) => {
      const openai = guard ? guardOpenAI(client, guard) : client;
      return Response.json(
        await openai.chat.completions.create({ model: 'scripted', messages: await openaiOf(request) }),
      );
    },
  },
  {
    name: 'the OpenAI client, streamed as events',
    body: (content) => ({ model: 'scripted', stream: true, messages: [{ role: 'user', content }] }),
    handler: (guard) => async (request) => {
      const openai = guard ? guardOpenAI(client, guard) : client;
      const stream = await openai.chat.completions.create({
        model: 'scripted',
        stream: true,
        messages: await openaiOf(request),
      });
      const encoder = new TextEncoder();
      const iterator = stream[Symbol.asyncIterator]();
      const body = new ReadableStream({
        async pull(controller) {
          const result: IteratorResult<unknown, unknown> = await iterator.next();
          controller.enqueue(
            encoder.encode(result.done === true ? 'data: [DONE]\n\n' : `data: ${JSON.stringify(result.value)}\n\n`),
          );
          if (result.done === true) controller.close();
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  },
  {
    name: 'a proxy of plain fetch',
    body: (content) => ({ model: 'scripted', stream: true, messages: [{ role: 'user', content }] }),
    handler: (guard) => async (request) =>
      (guard ? guardFetch(fetch, guard) : fetch)(`${upstream.url}/chat/completions`, {
        method: 'POST',
        body: await request.text(),
      }),
  },
  {
    name: 'text of a stream',
    body: (prompt) => ({ prompt }),
    handler: (guard) => async (request) => {
      const { prompt } = (await request.json()) as { prompt: string };
      const model = provider.chatModel('scripted');
      const result = streamText({ model: guard ? guardModel(model, guard) : model, prompt, onError: () => {} });
      return new Response(result.textStream.pipeThrough(new TextEncoderStream()), {
        headers: { 'content-type': 'text/plain' },
      });
    },
  },
];

async function bodyOf(handler: (request: Request) => Promise<Response>, body: object): Promise<string> {
  await using served = await serve(handler);
  const response = await fetch(served.url, { method: 'POST', body: JSON.stringify(body) });
  return await response.text();
}

/** How often a moderator was asked about a text with this in it. */
const askedAbout = ({ moderator }: Watched, part: string): number =>
  moderator.texts.filter((text) => text.includes(part)).length;
/** The text of a body, whatever the protocol: what stands in it, piece by piece. */
const wordsIn = (body: string): string =>
  [...body.matchAll(/"(?:delta|content)":"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text).join('') || body;

describe.for(APPS)('A route around $name', ({ name, body, handler }) => {
  test('whose model is not guarded is no hole', async () => {
    upstream.setChat(FLAGGED);
    const watch = watched();
    const came = await bodyOf(guardRoute(handler(), watch.guard), body('What grows?'));
    expect(wordsIn(came)).toContain(REFUSED);
    expect(came).not.toContain(MARKER);
    expect(wordsIn(came)).not.toContain(MARKER);
    expect(watch.settled).toMatchObject([{ delivery: 'refused', output: { action: 'block' } }]);
  });

  test('whose model has the same guard judges a clean answer once', async () => {
    upstream.setChat(CLEAN);
    // Without its memory: that a text is not judged twice is not for that alone.
    const once = watched({ moderation: { cache: false } });
    await bodyOf(handler(once.guard), body('What grows?'));
    const watch = watched({ moderation: { cache: false } });
    const came = await bodyOf(guardRoute(handler(watch.guard), watch.guard), body('What grows?'));
    expect(wordsIn(came)).toContain('nobody waters it');
    for (const part of ['Sea holly', 'evening', 'That is all']) {
      expect(askedAbout(once, part)).toBeGreaterThan(0);
      expect(askedAbout(watch, part)).toBe(askedAbout(once, part));
    }
    expect(watch.settled).toMatchObject([{ delivery: 'delivered' }, { delivery: 'delivered' }]);
  });

  test('whose model has the same guard tells of a flag once, and passes on its refusal', async () => {
    upstream.setChat(FLAGGED);
    const watch = watched({ moderation: { cache: false } });
    const came = await bodyOf(guardRoute(handler(watch.guard), watch.guard), body('What grows?'));
    expect(wordsIn(came)).toContain(REFUSED);
    expect(wordsIn(came)).not.toContain(MARKER);
    expect(watch.flagged).toHaveLength(1);
    expect(askedAbout(watch, REFUSED)).toBe(0);
    expect(watch.settled.map(({ delivery }) => delivery)).toEqual(['refused', 'refused']);
  });

  test('whose model refuses in the middle of an answer passes that on, set apart from what it follows', async () => {
    upstream.setChat(FLAGGED);
    upstream.setTiming({ perToken: 10 });
    const watch = watched({ moderation: { cache: false } });
    const words = wordsIn(await bodyOf(guardRoute(handler(watch.guard), watch.guard), body('What grows?')));
    const first = name.endsWith('whole') ? /^/ : /^Sea holly grows by the sea\. ?\n\n/;
    expect(words.replaceAll('\\n', '\n').replace(first, '')).toBe(REFUSED);
    expect(askedAbout(watch, REFUSED)).toBe(0);
    expect(watch.flagged).toHaveLength(1);
  });

  test('judges what a model of another guard let out', async () => {
    upstream.setChat(FLAGGED);
    const inner = watched({ policy: { categories: { '*': 'ignore' } } });
    const outer = watched();
    const came = await bodyOf(guardRoute(handler(inner.guard), outer.guard), body('What grows?'));
    expect(wordsIn(came)).not.toContain(MARKER);
    expect(outer.settled).toMatchObject([{ delivery: 'refused' }]);
  });

  test('judges what the same guard let out under other rules', async () => {
    upstream.setChat(FLAGGED);
    const strict = { categories: { '*': 'flag' } } as const;
    const lenient = { categories: { '*': 'ignore' } } as const;
    const watch = watched({ policy: ({ tenant }) => (tenant === 'lenient' ? lenient : strict) });
    const came = await bodyOf(guardRoute(handler(watch.guard.with({ tenant: 'lenient' })), watch.guard), body('hi'));
    expect(wordsIn(came)).not.toContain(MARKER);
  });
});

describe('What was let out is recognised by what it says alone', () => {
  const answering = (text: string) => (): Response => new Response(text, { headers: { 'content-type': 'text/plain' } });
  const ask = (handler: (request: Request) => Promise<Response>): Promise<string> => bodyOf(handler, { prompt: 'hi' });

  test('one that goes on in another way is judged from its beginning', async () => {
    const watch = watched({ moderation: { cache: false } });
    const generate = (text: string) => watch.guard.wrap(async () => text)([{ role: 'user', content: 'hi' }]);
    const first = guardRoute(async () => answering(await generate('There was a zone'))(), watch.guard);
    expect(await ask(first)).toBe('There was a zone');
    const pieces = ['There was a zo', 'rp.'];
    const forged = guardRoute(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => {
              const piece = pieces.shift();
              if (piece === undefined) controller.close();
              else controller.enqueue(new TextEncoder().encode(piece));
            },
          }),
          { headers: { 'content-type': 'text/plain' } },
        ),
      watch.guard,
    );
    const came = await ask(forged);
    expect(came).toContain(REFUSED);
    expect(came).not.toContain('rp');
    expect(watch.moderator.texts).toContainEqual(expect.stringContaining('There was a zorp'));
  });

  const generated = {
    whole: ({ guard }: Watched) => guard.wrap(async () => `A ${MARKER}.`),
    streamed: ({ guard }: Watched) =>
      guard.wrap(async function* () {
        yield 'A zo';
        yield 'rp.';
      }),
  };
  const said = async (watch: Watched, how: 'whole' | 'streamed'): Promise<string> => {
    const messages = [{ role: 'user', content: 'hi' }];
    if (how === 'whole') return generated.whole(watch)(messages);
    let text = '';
    for await (const piece of generated.streamed(watch)(messages)) text += piece;
    return text;
  };

  test.for(['whole', 'streamed'] as const)('one that was released unchecked is judged again (%s)', async (how) => {
    const moderator = fakeModerator({ flags: { [MARKER]: 'violence' } });
    const watch = watched(
      {
        moderators: { input: [], output: [moderator] },
        whenUnchecked: 'allow',
        moderation: { cache: false, retries: 0 },
      },
      moderator,
    );
    moderator.fail('unavailable', { times: 1 });
    const came = await ask(guardRoute(async () => answering(await said(watch, how))(), watch.guard));
    expect(watch.settled.map(({ delivery }) => delivery)).toEqual(['delivered', 'refused']);
    expect(came).toBe(REFUSED);
  });

  test.for(['whole', 'streamed'] as const)('one with a warning is told of by the route too (%s)', async (how) => {
    const watch = watched({ policy: { categories: { '*': { warn: 'flag' } } } });
    await ask(guardRoute(async () => answering(await said(watch, how))(), watch.guard));
    expect(watch.settled.map(({ output }) => output?.action)).toEqual(['warn', 'warn']);
  });
});

describe('Nothing passes as known that was never judged', () => {
  const events = (deltas: readonly object[]) => (): Response => {
    const chunk = (delta: object, finish_reason: string | null = null): string =>
      `data: ${JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'scripted',
        choices: [{ index: 0, delta, finish_reason }],
      })}\n\n`;
    const all = [...deltas.map((delta) => chunk(delta)), chunk({}, 'stop'), 'data: [DONE]\n\n'];
    return new Response(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          const next = all.shift();
          if (next === undefined) return controller.close();
          await new Promise((resolve) => setTimeout(resolve, 5)); // what came before has left
          controller.enqueue(new TextEncoder().encode(next));
        },
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    );
  };
  const body = { model: 'scripted', stream: true, messages: [{ role: 'user', content: 'hi' }] };
  const begun = `A ${MARKER} came. `;
  const thought = `${begun}It went. `;

  test('a text that repeats a thought which the scope leaves out', async () => {
    const watch = watched({ output: { scope: ({ kind }) => kind !== 'reasoning' } });
    const answer = events([
      ...Array.from({ length: 20 }, () => ({ reasoning_content: thought })),
      { content: begun },
      { content: 'It went.' },
    ]);
    const came = await bodyOf(guardRoute(answer, watch.guard), body);
    expect(wordsIn(came)).toContain(REFUSED);
    expect(came).not.toContain(`"content":"${begun}`);
    expect(watch.settled).toMatchObject([{ delivery: 'refused' }]);
  });

  test('a text that was judged as something else', async () => {
    const ofThoughts = fakeModerator({ name: 'of-thoughts', kinds: ['reasoning'] });
    const ofTexts = fakeModerator({ name: 'of-texts', kinds: ['text'], flags: { [MARKER]: 'violence' } });
    const watch = watched({ moderators: { input: [], output: [ofThoughts, ofTexts] } });
    const answer = events([
      ...Array.from({ length: 20 }, () => ({ reasoning_content: thought })),
      { content: begun },
      { content: 'It went.' },
    ]);
    const came = await bodyOf(guardRoute(answer, watch.guard), body);
    expect(wordsIn(came)).toContain(REFUSED);
    expect(came).not.toContain(`"content":"${begun}`);
  });

  test('a text that a whole reply of the same guard had where the scope leaves it out', async () => {
    const watch = watched({ output: { scope: ({ kind }) => kind !== 'reasoning' } });
    const openai = guardOpenAI(client, watch.guard);
    upstream.setChat({ reasoning: thought, content: 'So.' });
    const route = guardRoute(async () => {
      await openai.chat.completions.create({ model: 'scripted', messages: [{ role: 'user', content: 'hi' }] });
      return events([{ content: thought }])();
    }, watch.guard);
    const came = await bodyOf(route, body);
    expect(wordsIn(came)).toContain(REFUSED);
    expect(came).not.toContain(MARKER);
  });

  test('a text that left before its verdict, under a guard that lets it', async () => {
    const watch = watched({ output: { release: 'immediate' } });
    const route = guardRoute(async () => {
      const inner = guardRoute(events([{ content: thought }]), watch.guard);
      await bodyOf(inner, body);
      return events([{ content: begun }])();
    }, watch.guard);
    await bodyOf(route, body);
    expect(watch.flagged.length).toBeGreaterThanOrEqual(2);
    expect(watch.settled).toMatchObject([{ output: { action: 'block' } }, { output: { action: 'block' } }]);
  });

  test('a text that a call let out for which the guard was off', async () => {
    const watch = watched({ enabled: ({ tenant }) => tenant !== 'off' });
    const route = guardRoute(async () => {
      await watch.guard.with({ tenant: 'off' }).wrap(async () => thought)([{ role: 'user', content: 'hi' }]);
      return events([{ content: thought }])();
    }, watch.guard);
    const came = await bodyOf(route, body);
    expect(came).not.toContain(MARKER);
  });

  test('a text of an earlier call', async () => {
    const watch = watched({ moderation: { cache: false } });
    const route = guardRoute(events([{ content: CLEAN }]), watch.guard);
    await bodyOf(route, body);
    const once = askedAbout(watch, 'Sea holly');
    await bodyOf(route, body);
    expect(once).toBeGreaterThan(0);
    expect(askedAbout(watch, 'Sea holly')).toBe(2 * once);
  });
});
