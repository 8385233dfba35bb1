import { log } from '@chaperone/core';
import { APICallError, JSONParseError, TypeValidationError } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardMiddleware, guardModel, type GuardableModel } from '../src/index.ts';
import type { CallOptions, ContentPart, GenerateResult, Model, StreamPart } from '../src/sdk.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { call, reply, stream, textParts } from './support/parts.ts';
import { PROVIDERS } from './support/providers.ts';
import type { Provider } from './support/said.ts';
import { partsOf, scripted } from './support/scripted.ts';

const words = `Some ${MARKER} here`;
const note = { local: { note: words } };
const tools: CallOptions['tools'] = [{ type: 'function', name: 'look', inputSchema: {} }];
const hello = call('Hello', { tools });
const text: ContentPart = { type: 'text', text: 'A calm day.' };
const source = { type: 'source', sourceType: 'url', id: 's', url: 'https://local/', title: 'A page' } as const;
const head = (more: Partial<GenerateResult>): GenerateResult => reply([text], more);

describe('Flagged words beside the content of a reply do not leave', () => {
  test.each<readonly [string, GenerateResult]>([
    ['metadata', head({ providerMetadata: note })],
    [
      'queries of a search',
      head({ providerMetadata: { google: { groundingMetadata: { webSearchQueries: [words] } } } }),
    ],
    ['metadata of a text', reply([{ ...text, providerMetadata: note }])],
    ['metadata of reasoning', reply([text, { type: 'reasoning', text: 'Hm.', providerMetadata: note }])],
    ['what a source quotes', reply([text, { ...source, providerMetadata: { anthropic: { citedText: words } } }])],
    ['an address that is none', reply([text, { ...source, url: `https://local/${words}` }])],
    ['the id of a call', reply([{ type: 'tool-call', toolCallId: words, toolName: 'look', input: '{}' }])],
    ['a word that is no constant', head({ providerMetadata: { local: { decision: '禁止', note: MARKER } } })],
    ['the name of the model', head({ response: { modelId: words } })],
    ['why it ended', head({ finishReason: { unified: 'stop', raw: words } })],
    ['a text file that is no base64', reply([{ type: 'file', mediaType: 'text/plain', data: words as never }])],
  ])('%s', async (_, given) => {
    const { guard, flagged } = watched();
    const came = await guardModel(scripted({ reply: given }), guard).doGenerate(hello);
    expect(came.content).toMatchObject([{ type: 'text', text: REFUSED }]);
    expect(JSON.stringify(came)).not.toContain(MARKER);
    expect(flagged).toHaveLength(1);
  });

  const opened: StreamPart = { type: 'tool-input-start', id: 'c', toolName: 'look' };
  test.each<readonly [string, readonly StreamPart[]]>([
    ['metadata of a start', [{ type: 'text-start', id: '0', providerMetadata: note }, ...textParts('Hi').slice(1)]],
    [
      'metadata of a delta',
      [
        { type: 'reasoning-start', id: 'r' },
        { type: 'reasoning-delta', id: 'r', delta: 'Hm.', providerMetadata: note },
      ],
    ],
    ['metadata of an end', [...textParts('Hi').slice(0, -1), { type: 'text-end', id: '0', providerMetadata: note }]],
    ['what a source quotes', [{ ...source, providerMetadata: { anthropic: { citedText: words } } }]],
    ['the title of a call', [{ ...opened, title: words }]],
    [
      'the title of a call that its input repeats',
      [
        opened,
        { type: 'tool-input-delta', id: 'c', delta: '{}' },
        { type: 'tool-input-end', id: 'c' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: '{}', title: words } as StreamPart,
      ],
    ],
    ['an event that no part repeats', [{ type: 'raw', rawValue: { choices: [{ delta: { refusal: words } }] } }]],
    [
      'words of an event, letter by letter',
      words.split('').map((refusal) => ({ type: 'raw', rawValue: { choices: [{ index: 0, delta: { refusal } }] } })),
    ],
    ['a word of an event', [{ type: 'raw', rawValue: { choices: [{ delta: { refusal: MARKER } }] } }]],
  ])('%s, in a stream', async (_, parts) => {
    const { guard, flagged } = watched();
    const given = stream(...textParts('A calm day.'), ...parts);
    const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
    expect(JSON.stringify(came)).not.toContain(MARKER);
    expect(came).toContainEqual({ type: 'text-delta', id: 'chaperone', delta: REFUSED });
    expect(flagged).toHaveLength(1);
  });

  test.each<readonly [string, StreamPart]>([
    ['the head of a stream', { type: 'response-metadata', id: words, modelId: words }],
    [
      'the end of a stream',
      {
        type: 'finish',
        ...(({ finishReason, usage }) => ({ finishReason, usage }))(reply([])),
        providerMetadata: note,
      },
    ],
  ])('%s', async (_, part) => {
    const given = [...stream().filter(({ type }) => type !== part.type), part];
    const ordered = part.type === 'finish' ? given : given.toSpliced(1, 0, ...given.splice(-1));
    const came = await partsOf(await guardModel(scripted({ parts: ordered }), watched().guard).doStream(hello));
    expect(JSON.stringify(came)).not.toContain(MARKER);
    expect(came).toContainEqual({ type: 'text-delta', id: 'chaperone', delta: REFUSED });
  });

  test('an event behind which a stream breaks off', async () => {
    const withEvents = { ...hello, includeRawChunks: true };
    const given = [...stream(...textParts('A calm day.')).slice(0, -1), { type: 'raw', rawValue: { words } } as const];
    const came = await partsOf(await guardModel(scripted({ parts: given }), watched().guard).doStream(withEvents));
    expect(JSON.stringify(came)).not.toContain(MARKER);
    const clean = [...given.slice(0, -1), { type: 'raw', rawValue: { words: 'Clean.' } } as const];
    const model = guardModel(scripted({ parts: clean }), watched().guard);
    expect(await partsOf(await model.doStream(withEvents))).toEqual(clean);
    const logging = guardModel(
      scripted({ parts: clean }),
      watched({ fallback: log({ logger: { warn: () => {} } }) }).guard,
    );
    expect(await partsOf(await logging.doStream(withEvents))).toEqual(clean);
  });

  test('a body that says more than was judged, of a reply that is clean', async () => {
    const body = { choices: [{ message: { content: 'A calm day.' } }, { message: { content: MARKER } }] };
    const given = head({ response: { id: 'res_1', headers: { a: 'b' }, body } });
    const came = await guardModel(scripted({ reply: given }), watched().guard).doGenerate(hello);
    expect(came).toEqual({ ...given, response: { id: 'res_1', headers: { a: 'b' }, body: undefined } });
    const logged = await guardModel(
      scripted({ reply: given }),
      watched({ fallback: log({ logger: { warn: () => {} } }) }).guard,
    ).doGenerate(hello);
    expect(logged).toBe(given);
  });

  test('a warning of the provider’s package is not the model’s, and costs nothing', async () => {
    const { guard, moderator } = watched();
    const given = head({ warnings: [{ type: 'other', message: 'No temperature there.' }] });
    expect(await guardModel(scripted({ reply: given }), guard).doGenerate(hello)).toBe(given);
    expect(moderator.texts).toEqual(['Hello', 'A calm day.']);
  });
});

describe('An error in a stream', () => {
  const cause = new Error(`Expected number: ${words}`);
  test.each<readonly [string, unknown]>([
    ['its message', new Error(words)],
    [
      'the value that was not what was expected',
      new TypeValidationError({ value: { delta: { content: words } }, cause: 'x' }),
    ],
    ['the text that was no JSON', new JSONParseError({ text: words, cause: 'x' })],
    ['a body', apiError('bad', JSON.stringify({ said: words }).replace('zorp', String.raw`z\u006frp`))],
    ['a cause', new Error('bad', { cause })],
    ['one of several', new AggregateError([cause], 'bad')],
    ['what is no error', { message: 'bad', value: { content: words } }],
    ['what is a text', words],
  ])('does not quote flagged words: %s', async (_, error) => {
    const { guard, flagged } = watched();
    const given = stream(...textParts('A calm day.'), { type: 'error', error });
    const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
    expect(came.map(({ type }) => type)).not.toContain('error');
    expect(JSON.stringify(came)).not.toContain(MARKER);
    expect(flagged).toHaveLength(1);
  });

  test('comes as it is when it says nothing of the kind, be it its own cause', async () => {
    const error = apiError('overloaded', '{"error":"overloaded"}');
    Object.defineProperty(error, 'cause', { value: error });
    const { guard, moderator } = watched();
    const given = stream({ type: 'error', error });
    const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(call(MARKER.slice(1))));
    expect(came).toEqual(given);
    expect(came[2]).toBe(given[2]);
    expect(moderator.texts.join()).not.toContain('the prompt'); // what the caller sent is the caller's
  });
});

function apiError(message: string, responseBody: string): APICallError {
  const requestBodyValues = { prompt: 'the prompt' };
  return new APICallError({ message, url: 'http://local', requestBodyValues, statusCode: 503, responseBody });
}

describe('What repeats what was judged is not judged again', () => {
  test('metadata, citations and a body', async () => {
    const { guard, moderator } = watched();
    const cited = { url: 'https://local/', title: 'A page', cited_text: 'calm' };
    const given = reply([{ ...text, providerMetadata: { local: { itemId: 'i1', annotations: [cited] } } }, source], {
      providerMetadata: {
        openai: { logprobs: [{ token: 'A', top_logprobs: [{ token: 'The' }] }], serviceTier: 'default' },
        google: {
          groundingMetadata: { groundingSupports: [{ segment: { text: 'A calm' } }] },
          safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' }],
        },
      },
      response: { id: 'r', body: { id: 'r', object: 'chat', said: 'A calm day.', instructions: 'Be brief.' } },
    });
    const asked = call('Hello', { prompt: [{ role: 'system', content: 'Be brief.' }, ...hello.prompt] });
    expect(await guardModel(scripted({ reply: given }), guard).doGenerate(asked)).toBe(given);
    expect(moderator.texts).toEqual(['Hello', 'A calm day.', 'A page']);
  });

  test('a file is judged as what it is, and not by its base64', async () => {
    const data = 'iVBORw0KGgo=';
    const file = { type: 'file', mediaType: 'image/png', data: { type: 'data', data } } as const;
    const whole = watched();
    const given = head({ content: [text, file], response: { body: { parts: [{ inline: data }] } } });
    expect(await guardModel(scripted({ reply: given }), whole.guard).doGenerate(hello)).toBe(given);
    expect(whole.moderator.texts).toEqual(['Hello', 'A calm day.']);
    const streamed = watched();
    const parts = stream({ type: 'raw', rawValue: { inline: data } }, file);
    expect(await partsOf(await guardModel(scripted({ parts }), streamed.guard).doStream(hello))).toEqual(parts);
    expect(streamed.moderator.texts).toEqual(['Hello']);
  });

  describe.each(PROVIDERS)('with $name', ({ start, reasons }) => {
    let provider: Provider<GuardableModel>;
    beforeAll(async () => {
      provider = await start();
    });
    afterAll(() => provider.close());

    test('a clean reply is the very one, its body included, and a clean stream has its events', async () => {
      const said = { text: 'A calm "day" by the sea.', tool: { name: 'look', input: { at: 'the "sea"' } } };
      provider.say({ ...said, ...(reasons && { reasoning: 'Thinking of the sea.' }) });
      const given: GenerateResult[] = [];
      const { model } = provider;
      const inner: Model = {
        ...guardable(model as Model),
        doGenerate: async (options: CallOptions) => {
          const result = (await model.doGenerate(options as never)) as GenerateResult;
          given.push(result);
          return result;
        },
      };
      const whole = watched();
      const came = await guardModel(inner, whole.guard).doGenerate(hello);
      expect(came).toBe(given[0]);
      expect(came.response?.body).toBeDefined();
      expect(whole.moderator.texts).toHaveLength(reasons ? 4 : 3);
      const streamed = watched();
      const result = await guardModel(model, streamed.guard).doStream({ ...hello, includeRawChunks: true } as never);
      expect((await partsOf(result as never)).filter(({ type }) => type === 'raw').length).toBeGreaterThan(3);
      expect(streamed.moderator.texts.toSorted()).toEqual(whole.moderator.texts.toSorted());
    });
  });
});

function guardable(model: Model): Model {
  const { specificationVersion, provider, modelId, supportedUrls } = model;
  return {
    specificationVersion,
    provider,
    modelId,
    supportedUrls,
    doGenerate: (options) => model.doGenerate(options),
    doStream: (options) => model.doStream(options),
  };
}

test.each([
  ['guardModel', (guard: Parameters<typeof guardMiddleware>[0]) => guardModel(scripted('Fine.'), guard)],
  ['guardMiddleware', (guard: Parameters<typeof guardMiddleware>[0]) => guardMiddleware(guard)],
])('%s says what it does not judge', (_, put) => {
  const { guard } = watched();
  put(guard);
  const passing = guard.explain().passesBy.filter(({ adapter }) => adapter === '@chaperone/ai-sdk');
  expect(passing.map(({ what }) => what).join('\n')).toMatch(
    /embeddings[^]*previousResponseId[^]*log probabilities[^]*warnings[^]*errors/,
  );
});
