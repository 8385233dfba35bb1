import { createGuard, log, reject, type CallContext, type Events } from '@chaperone/core';
import { fakeModerator, startServer } from '@chaperone/testing';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, jsonSchema, streamText, tool, ToolLoopAgent } from 'ai';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { guardErrorText, guardModel, guardToolApproval, RefusalError } from '../src/index.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { visible } from './support/outcome.ts';
import { call, reply, stream, textParts, usage } from './support/parts.ts';
import { asked, partsOf, scripted } from './support/scripted.ts';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());
const local = createOpenAICompatible({ name: 'local', baseURL: server.url }).chatModel('local-test');

describe('Whose call it is', () => {
  const context = { user: 'u1', tenant: 't1', conversation: 'c1', locale: 'fr' };

  test.each(['generate', 'stream'] as const)(
    'reaches the policy, the message and the events, and not the provider (%s)',
    async (way) => {
      const seen: CallContext[] = [];
      const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
      const guard = createGuard({
        moderators: [moderator],
        policy: (given) => (seen.push(given), {}),
        message: { input: { odd: { en: 'No.', fr: 'Non.' } } },
      });
      const settled: Events['settled'][] = [];
      guard.on('settled', (event) => settled.push(event));
      const model = scripted('All is calm.');
      const options = {
        model: guardModel(model, guard),
        providerOptions: { chaperone: context, other: { mode: 'fast' } },
      };
      const ask = async (prompt: string): Promise<string> =>
        way === 'generate'
          ? (await generateText({ ...options, prompt })).text
          : streamText({ ...options, prompt }).text;
      expect(await ask('Hello')).toBe('All is calm.');
      expect(await ask(`A ${MARKER}?`)).toBe('Non.');
      expect(seen).toEqual([context, context]);
      expect(settled.map((event) => event.context)).toEqual([context, context]);
      const [sent] = [...model.doGenerateCalls, ...model.doStreamCalls];
      expect(sent?.providerOptions).toEqual({ other: { mode: 'fast' } });
    },
  );

  test('may be read from the call, and what the call says itself goes before it', async () => {
    const { guard, settled } = watched();
    const model = guardModel(scripted('Fine.'), guard, {
      context: ({ headers }) => ({ user: headers?.['x-user'] ?? '', tenant: 't0' }),
    });
    await generateText({
      model,
      prompt: 'Hi',
      headers: { 'x-user': 'u2' },
      providerOptions: { chaperone: { tenant: 't1' } },
    });
    expect(settled.map(({ context: told }) => told)).toEqual([{ user: 'u2', tenant: 't1' }]);
  });

  test.each([
    [{ user: 5 }, 'providerOptions.chaperone.user must be a string.'],
    ['u1', 'providerOptions.chaperone must be an object.'],
  ])('that is no context (%j) is refused before anybody is asked', async (chaperone, said) => {
    const model = scripted('Fine.');
    const guarded = guardModel(model, watched().guard);
    const bad = call('Hi', { providerOptions: { chaperone } as never });
    await expect((async () => guarded.doGenerate(bad))()).rejects.toThrow(said);
    await expect((async () => guarded.doStream(bad))()).rejects.toThrow(said);
    expect(asked(model)).toEqual([]);
  });
});

describe('The end of a call', () => {
  test.each(['generate', 'stream'] as const)('the caller’s abort ends moderation and generation (%s)', async (way) => {
    server.setTiming({ reply: 5_000, firstToken: 5_000 });
    const { guard, settled } = watched();
    const controller = new AbortController();
    const options = { model: guardModel(local, guard), prompt: 'Hello', abortSignal: controller.signal, maxRetries: 0 };
    const onAbort = vi.fn<() => void>();
    const errors: unknown[] = [];
    const result =
      way === 'generate'
        ? generateText(options).then(
            () => 'ended',
            (error: unknown) => error,
          )
        : streamText({ ...options, onAbort, onError: ({ error }) => void errors.push(error) })
            .consumeStream()
            .then(() => new DOMException('', 'AbortError'));
    await vi.waitFor(() => expect(server.chatRequests).toHaveLength(1));
    controller.abort();
    expect(await result).toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(server.chatRequests[0]?.aborted).toBe(true));
    expect(errors).toEqual([]);
    expect(onAbort).toHaveBeenCalledTimes(way === 'stream' ? 1 : 0);
    await vi.waitFor(() => expect(settled.map(({ delivery }) => delivery)).toEqual(['aborted']));
  });

  test('cancelling the stream closes the connection to the provider', async () => {
    server.setChat('A calm day by the sea. '.repeat(200));
    server.setTiming({ perToken: 5 });
    const { guard, settled } = watched();
    const { stream: parts } = await guardModel(local, guard).doStream(call('Hello'));
    const reader = parts.getReader();
    while ((await reader.read()).value?.type !== 'text-delta');
    await reader.cancel();
    await vi.waitFor(() => expect(server.chatRequests[0]?.aborted).toBe(true));
    expect(settled.map(({ delivery }) => delivery)).toEqual(['aborted']);
  });

  test('at the level of the model an abort is an abort, in the middle of a stream too', async () => {
    server.setChat('A calm day by the sea. '.repeat(200));
    server.setTiming({ perToken: 5 });
    const controller = new AbortController();
    const { stream: parts } = await guardModel(local, watched().guard).doStream(
      call('Hello', { abortSignal: controller.signal }),
    );
    const reader = parts.getReader();
    while ((await reader.read()).value?.type !== 'text-delta');
    controller.abort();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each(['generate', 'stream'] as const)(
    'a block of the input ends what was begun beside its judgement (%s)',
    async (way) => {
      server.setTiming({ reply: 5_000, firstToken: 5_000 });
      const judge = fakeModerator({ flags: { [MARKER]: 'odd' }, delay: 60 });
      const guard = createGuard({ moderators: [judge], input: { timing: 'during' } });
      const model = guardModel(local, guard);
      const options = { model, prompt: `A ${MARKER}?`, maxRetries: 0 };
      const result = way === 'generate' ? await generateText(options) : streamText(options);
      expect(await result.finishReason).toBe('content-filter');
      await vi.waitFor(() => expect(server.chatRequests.map(({ aborted }) => aborted)).toEqual([true]));
    },
  );

  test('also where the provider has not answered at all', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const model = scripted();
    model.doStream = ({ abortSignal }) => {
      signals.push(abortSignal);
      return new Promise(() => {});
    };
    const judge = fakeModerator({ flags: { [MARKER]: 'odd' }, delay: 20 });
    const guard = createGuard({ moderators: [judge], input: { timing: 'during' } });
    const { stream: parts } = await guardModel(model, guard).doStream(call(`A ${MARKER}?`));
    expect((await partsOf({ stream: parts })).at(-1)).toMatchObject({ finishReason: { unified: 'content-filter' } });
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test('a stream that was cut off between two parts ends as it came, and is told as what it is', async () => {
    const parts = stream(...textParts('A calm day.')).slice(0, -1);
    const { guard, settled } = watched();
    const came = await partsOf(await guardModel(scripted({ parts }), guard).doStream(call('Hello')));
    expect(came).toEqual(parts);
    expect(settled.map(({ delivery }) => delivery)).toEqual(['errored']);
  });

  test('a block closes it too, within 20 ms of the verdict', async () => {
    const delays: number[] = [];
    for (let run = 0; run < 4; run++) {
      server.reset();
      server.setChat(`A ${MARKER}. ${'A calm day by the sea. '.repeat(400)}`);
      server.setTiming({ perToken: 5 });
      const { guard } = watched();
      let verdict = 0;
      guard.on('flagged', () => (verdict = performance.now()));
      const result = streamText({ model: guardModel(local, guard), prompt: 'Hello' });
      expect(await result.text).toBe(REFUSED);
      await vi.waitFor(() => expect(server.chatRequests[0]?.aborted).toBe(true));
      delays.push((server.chatRequests[0]?.endedAt ?? Infinity) - verdict);
    }
    expect(Math.min(...delays)).toBeLessThan(20); // what else the machine does falls on some of them
  });

  test.each(['reset-in-body', 'error-in-body'] as const)(
    'a provider that breaks off (%s) ends the stream with an error part, and the response is not torn',
    async (kind) => {
      server.setChat('A calm day by the sea. And then it went on and on.');
      server.fault('chat', kind);
      const { guard, settled } = watched();
      const errors: unknown[] = [];
      const result = streamText({
        model: guardModel(local, guard),
        prompt: 'Hello',
        maxRetries: 0,
        onError: ({ error }) => void errors.push(error),
      });
      const types: string[] = [];
      for await (const { type } of result.stream) types.push(type);
      expect(types).toContain('error');
      expect(types.at(-1)).toBe('finish');
      expect(errors).toHaveLength(1);
      expect(settled).toHaveLength(1);
      expect(settled[0]?.delivery).not.toBe('refused');
    },
  );
});

describe('What rides on a reply', () => {
  const told = { chaperone: { decision: expect.stringMatching(/^dec_/), stage: 'output', action: 'review' } };
  const policy = { categories: { odd: { review: 0.4, block: 'flag' } } } as const;

  test.each(['input', 'output'] as const)('review: the decision, beside the same text (%s)', async (stage) => {
    const said = stage === 'output' ? 'A hm day.' : 'A day.';
    const prompt = stage === 'input' ? 'A hm?' : 'A?';
    const parts = stream(...textParts(said)).map((part) =>
      part.type === 'finish' ? { ...part, providerMetadata: { local: { a: 1 } } } : part,
    );
    const whole = reply([{ type: 'text', text: said }], { providerMetadata: { local: { a: 1 } } });
    const { guard } = watched({ policy });
    const model = guardModel(scripted({ reply: whole, parts }), guard);
    const expected = { local: { a: 1 }, chaperone: { ...told.chaperone, stage } };
    const generated = await model.doGenerate(call(prompt));
    expect(generated).toEqual({ ...whole, providerMetadata: expected });
    const streamed = await partsOf(await model.doStream(call(prompt)));
    expect(streamed.slice(0, -1)).toEqual(parts.slice(0, -1));
    expect(streamed.at(-1)).toEqual({ ...parts.at(-1), providerMetadata: expected });
  });

  test('of two decisions the stricter one', async () => {
    const guard = createGuard({
      moderators: [
        fakeModerator({ flags: { [MARKER]: 'odd' }, scores: (text) => ({ odd: text.includes('hm') ? 0.5 : 0 }) }),
      ],
      policy: { categories: { odd: { warn: 0.4 } }, output: { categories: { odd: { review: 0.4 } } } },
    });
    const model = guardModel(scripted('A hm day.'), guard);
    expect((await model.doGenerate(call('hm'))).providerMetadata).toEqual(told);
    expect((await partsOf(await model.doStream(call('hm')))).at(-1)).toMatchObject({ providerMetadata: told });
  });

  test('a refusal carries nothing of the provider: no body, no raw parts, no metadata', async () => {
    const model = scripted({
      reply: reply([{ type: 'text', text: `A ${MARKER}.` }], {
        providerMetadata: { local: { logprobs: [MARKER] } },
        response: { id: 'res_1', body: { said: MARKER }, headers: { 'x-request-id': 'r1' } },
        structuredOutputText: `A ${MARKER}.`,
      }),
      parts: [
        ...stream({ type: 'raw', rawValue: { said: MARKER } }, ...textParts(`A ${MARKER}.`)).slice(0, -1),
        {
          type: 'finish',
          finishReason: { unified: 'stop', raw: 'stop' },
          usage,
          providerMetadata: { local: { logprobs: [MARKER] } },
        },
      ],
    });
    const guarded = guardModel(model, watched().guard);
    const whole = await guarded.doGenerate(call('Hello'));
    expect(JSON.stringify(whole)).not.toContain(MARKER);
    expect(whole).toMatchObject({ usage, response: { id: 'res_1', headers: { 'x-request-id': 'r1' } } });
    const parts = await partsOf(await guarded.doStream(call('Hello', { includeRawChunks: true })));
    expect(JSON.stringify(parts)).not.toContain(MARKER);
    expect(parts.map(({ type }) => type)).toEqual([
      'stream-start',
      'response-metadata',
      'text-start',
      'text-delta',
      'text-end',
      'finish',
    ]);
    expect(parts.at(-1)).toMatchObject({ usage, finishReason: { unified: 'content-filter' } });
  });

  test('with log() everything passes as it came, the very objects', async () => {
    const parts = stream({ type: 'raw', rawValue: 1 }, ...textParts(`A ${MARKER}.`));
    const whole = reply([{ type: 'text', text: `A ${MARKER}.` }]);
    const lines: string[] = [];
    const { guard, flagged } = watched({ fallback: log({ logger: { warn: (line) => void lines.push(line) } }) });
    const model = guardModel(scripted({ reply: whole, parts }), guard);
    expect(await model.doGenerate(call(`A ${MARKER}?`))).toBe(whole);
    const came = await partsOf(await model.doStream(call(`A ${MARKER}?`)));
    expect(came).toHaveLength(parts.length);
    for (const [index, part] of came.entries()) expect(part).toBe(parts[index]);
    await guard.idle();
    expect(flagged).toHaveLength(4);
    expect(lines).toHaveLength(4);
  });
});

describe('Other filters and other guards', () => {
  test.each(['generate', 'stream'] as const)('the provider’s own filter is told, and passed on (%s)', async (way) => {
    server.setChat({ content: '', finishReason: 'content_filter' });
    const { guard, flagged, settled } = watched();
    const options = { model: guardModel(local, guard), prompt: 'Hello' };
    const result = way === 'generate' ? await generateText(options) : streamText(options);
    expect(await result.finishReason).toBe('content-filter');
    expect(flagged.map(({ source, decision: { stage } }) => [source, stage])).toEqual([['provider', 'output']]);
    expect(settled.map(({ delivery }) => delivery)).toEqual(['delivered']);
  });

  test('so is its refusal of the request, which stays the error that it is', async () => {
    const error = new APICallError({
      message: 'filtered',
      url: 'http://local',
      requestBodyValues: {},
      statusCode: 400,
      data: { error: { code: 'content_filter' } },
    });
    const { guard, flagged } = watched();
    await expect(generateText({ model: guardModel(scripted(error), guard), prompt: 'Hello' })).rejects.toBe(error);
    expect(flagged.map(({ source, decision: { stage } }) => [source, stage])).toEqual([['provider', 'input']]);
  });

  test.each([{}, { responseFormat: { type: 'json' } as const }])(
    'the refusal of a guard within is passed on unjudged, also where it is an error (%j)',
    async (more) => {
      const outer = watched({ fallback: reject({ message: 'Judged twice.' }) });
      const inner = watched();
      const model = guardModel(guardModel(scripted(`A ${MARKER}.`), inner.guard), outer.guard);
      const whole = await (async () => model.doGenerate(call('Hello', more)))().catch((error: unknown) => error);
      const parts = await partsOf(await model.doStream(call('Hello', more)));
      expect(visible(whole)).toContain(REFUSED);
      expect(visible(parts)).toContain(REFUSED);
      expect(whole instanceof RefusalError).toBe('responseFormat' in more);
      expect(outer.settled.map(({ delivery }) => delivery)).toEqual(['refused', 'refused']);
      expect(outer.flagged).toEqual([]);
      expect(inner.flagged).toHaveLength(2);
    },
  );
});

describe('Agents', () => {
  const tools = {
    read: tool({
      inputSchema: jsonSchema<{ page: string }>({ type: 'object', properties: { page: { type: 'string' } } }),
      execute: ({ page }) => (page === 'bad' ? `Some ${MARKER} text.` : 'A calm text.'),
    }),
  };
  const read = (page: string) => ({ toolCalls: [{ name: 'read', arguments: JSON.stringify({ page }) }] });

  test('by default end with a page that is flagged', async () => {
    server.setChat([read('bad'), 'never said']);
    const { guard } = watched();
    const agent = new ToolLoopAgent({ model: guardModel(local, guard), tools, stopWhen: isStepCount(5) });
    const { text, steps } = await agent.generate({ prompt: 'Read.' });
    expect(text).toBe(REFUSED);
    expect(steps).toHaveLength(2);
    expect(server.chatRequests).toHaveLength(1);
  });

  test("survive it with toolOutput: 'replace': the model reads a placeholder, now and later", async () => {
    server.setChat([read('bad'), read('good'), 'All read.']);
    const { guard, flagged, settled } = watched({ input: { toolOutput: 'replace' } });
    const agent = new ToolLoopAgent({ model: guardModel(local, guard), tools, stopWhen: isStepCount(5) });
    const { text } = await agent.generate({ prompt: 'Read.' });
    expect(text).toBe('All read.');
    const bodies = server.chatRequests.map(({ body }) => JSON.stringify(body));
    expect(bodies).toHaveLength(3);
    expect(bodies.join()).not.toContain(MARKER);
    expect(bodies[1]).toContain('[removed]');
    expect(bodies[2]).toContain('[removed]');
    expect(bodies[2]).toContain('A calm text.');
    expect(bodies[2]).toContain('good');
    expect(flagged).toHaveLength(1);
    expect(flagged[0]?.decision).toMatchObject({ action: 'allow', omitted: [{ path: expect.any(String) }] });
    expect(settled.map(({ delivery }) => delivery)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  test('guardToolApproval denies one call, the model reads why, and the loop goes on', async () => {
    server.setChat([read(`the ${MARKER}`), read('good'), 'All read.']);
    const judging = watched();
    const calls = watched({ output: { scope: ({ kind }) => kind !== 'tool-input' } });
    const ran: unknown[] = [];
    const agent = new ToolLoopAgent({
      model: guardModel(local, calls.guard),
      tools: { read: { ...tools.read, execute: (input: { page: string }) => (ran.push(input), 'A calm text.') } },
      toolApproval: guardToolApproval(judging.guard),
      stopWhen: isStepCount(5),
    });
    const { text } = await agent.generate({ prompt: 'Read.' });
    expect(text).toBe('All read.');
    expect(ran).toEqual([{ page: 'good' }]);
    expect(judging.flagged).toHaveLength(1);
    expect(JSON.stringify(server.chatRequests[1]?.body)).toContain('a safety check flagged it');
  });
});

test('guardErrorText says what a refusal says, and of other errors nothing', () => {
  const decision = { id: 'dec_1', stage: 'output', action: 'block' } as Events['flagged']['decision'];
  expect(guardErrorText(new RefusalError({ message: REFUSED, decision, cause: 'flagged' }))).toBe(REFUSED);
  expect(guardErrorText(new Error(`a secret ${MARKER}`))).toBe('An error occurred.');
});
