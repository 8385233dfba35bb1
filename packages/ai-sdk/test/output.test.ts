import { describe, expect, test, vi } from 'vitest';
import { guardModel } from '../src/index.ts';
import type { ContentPart, StreamPart } from '../src/sdk.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { call, reply, stream, textParts } from './support/parts.ts';
import { partsOf, scripted } from './support/scripted.ts';

const words = `Some ${MARKER} here`;
const tools = [{ type: 'function' as const, name: 'look', inputSchema: {} }];
const hello = call('Hello', { tools });

/** Everything that can stand in a reply, with the word that is flagged in it; the same in a stream. */
const PLACES: readonly (readonly [string, ContentPart, (readonly StreamPart[])?])[] = [
  ['text', { type: 'text', text: words }, textParts(words)],
  [
    'a citation',
    { type: 'text', text: 'Hi', citations: [{ citedText: words }] } as never,
    [...textParts('Hi').slice(0, -1), { type: 'text-end', id: '0', citations: [{ citedText: words }] } as never],
  ],
  [
    'reasoning',
    { type: 'reasoning', text: words },
    [
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: words },
      { type: 'reasoning-end', id: 'r' },
    ],
  ],
  [
    'a delta of a block that was never opened',
    { type: 'text', text: words },
    [{ type: 'text-delta', id: 'x', delta: words }],
  ],
  ['a tool call', { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: JSON.stringify({ at: words }) }],
  [
    'a tool call, escaped',
    { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: String.raw`{"at":"z\u006frp"}` },
  ],
  [
    'a tool call that says a key twice',
    { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: `{"at":"${words}","at":"x"}` },
  ],
  ['a tool call that is no JSON', { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: words }],
  [
    'the input of a tool that its call does not repeat',
    { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: JSON.stringify({ at: words }) },
    [
      { type: 'tool-input-start', id: 'c', toolName: 'look' },
      { type: 'tool-input-delta', id: 'c', delta: JSON.stringify({ at: words }) },
      { type: 'tool-input-end', id: 'c' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: '{"at":"sea"}' },
    ],
  ],
  [
    'a call that its input did not say',
    { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: JSON.stringify({ at: words }) },
    [
      { type: 'tool-input-start', id: 'c', toolName: 'look' },
      { type: 'tool-input-delta', id: 'c', delta: '{"at":"sea"}' },
      { type: 'tool-input-end', id: 'c' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: JSON.stringify({ at: words }) },
    ],
  ],
  [
    'the name of a tool that nobody gave',
    { type: 'tool-call', toolCallId: 'c', toolName: MARKER, input: '{}' },
    [{ type: 'tool-input-start', id: 'c', toolName: MARKER }],
  ],
  [
    'a result of a provider’s tool',
    { type: 'tool-result', toolCallId: 'c', toolName: 'look', result: { lines: [words] } },
  ],
  ['the title of a source', { type: 'source', sourceType: 'url', id: 's', url: 'https://local/', title: words }],
  [
    'the file of a source',
    { type: 'source', sourceType: 'document', id: 's', mediaType: 'text/plain', title: 'A', filename: words },
  ],
  [
    'a text file',
    { type: 'file', mediaType: 'text/plain', data: { type: 'data', data: Buffer.from(words).toString('base64') } },
  ],
  [
    'a part of the provider’s own',
    { type: 'custom', kind: 'local.note', providerMetadata: { local: { note: words } } },
  ],
  ['a part of a later version', { type: 'page', lines: [{ words }] } as never],
];

const CASES = PLACES.map(([name, part, parts]) => ({
  name,
  part,
  parts: parts ?? [part as StreamPart], // what has no parts of its own is one in a stream
}));

describe('A flagged word does not leave, and nothing beside it', () => {
  test.for(CASES)('in $name, of a reply', async ({ part }) => {
    const { guard, flagged } = watched();
    const given = reply([{ type: 'text', text: 'A calm day.' }, part]);
    const came = await guardModel(scripted({ reply: given }), guard).doGenerate(hello);
    expect(came.content).toEqual([{ type: 'text', text: REFUSED, providerMetadata: expect.anything() }]);
    expect(flagged).toHaveLength(1);
  });

  test.for(CASES)('in $name, of a stream', async ({ parts }) => {
    const { guard, flagged } = watched();
    const given = stream(...parts);
    const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
    expect(came.map(({ type }) => type)).toEqual([
      'stream-start',
      'response-metadata',
      'text-start',
      'text-delta',
      'text-end',
      'finish',
    ]);
    expect(came).toContainEqual({ type: 'text-delta', id: 'chaperone', delta: REFUSED });
    expect(flagged).toHaveLength(1);
  });
});

test('structured output by what it means', async () => {
  const text = String.raw`{"calm":"z\u006frp"}`;
  const structured = call('Hello', { responseFormat: { type: 'json' } });
  const whole = guardModel(scripted(text), watched().guard);
  await expect((async () => whole.doGenerate(structured))()).rejects.toThrow(REFUSED);
  const came = await partsOf(await whole.doStream(structured));
  expect(came.map(({ type }) => type)).toEqual(['stream-start', 'response-metadata', 'error', 'finish']);
  const other = reply([], { structuredOutputText: text });
  const replaced = guardModel(scripted({ reply: other }), watched().guard);
  await expect((async () => replaced.doGenerate(structured))()).rejects.toThrow(REFUSED);
});

const FORCED = { toolChoice: { type: 'required' }, tools } as const;
const STRUCTURED = { responseFormat: { type: 'json' } } as const;
const CALLED: StreamPart = {
  type: 'tool-call',
  toolCallId: 'c',
  toolName: 'look',
  input: JSON.stringify({ at: words }),
};
test.for([
  ['words', { tools }, ['A calm day by the sea.', '\n\n', REFUSED]],
  ['an error, for a tool is forced', FORCED, ['A calm day by the sea.']],
  ['an error, for structured output is asked for', STRUCTURED, ['A calm day by the sea.']],
] as const)('text that has left ends as what follows it is %s', async ([, more, said]) => {
  const { guard } = watched({ output: { release: 'immediate' } });
  const given = stream(...textParts('A calm day by the sea.').slice(0, -1), CALLED);
  const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(call('Hello', more)));
  expect(came.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []))).toEqual(said);
});

test('a text that has begun and says nothing ends without a word', async () => {
  const { guard } = watched({ output: { release: 'immediate' } });
  const given = stream(
    ...textParts('A calm day.'),
    { type: 'text-start', id: '1' },
    { type: 'reasoning-start', id: 'r' },
    { type: 'reasoning-delta', id: 'r', delta: 'Now then.' },
    CALLED,
  );
  const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
  expect(came.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []))).toEqual(['A calm day.', REFUSED]);
  expect(came).toContainEqual({ type: 'text-end', id: '1' });
});

test('blocks that are called alike, one after another, are judged each by itself', async () => {
  const { guard, moderator } = watched();
  const given = stream(...textParts('One zo'), ...textParts('rp two.'));
  const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
  expect(came).toEqual(given);
  expect(moderator.texts).toEqual(['Hello', 'One zo', 'rp two.']);
});

/** A model whose stream is given part by part. */
function pushed(): {
  readonly push: (...parts: StreamPart[]) => void;
  readonly close: () => void;
  readonly model: ReturnType<typeof scripted>;
} {
  let controller: ReadableStreamDefaultController<StreamPart> | undefined;
  const parts = new ReadableStream<StreamPart>({ start: (given) => void (controller = given) });
  const model = scripted();
  model.doStream = async () => ({ stream: parts });
  return {
    push: (...given) => given.forEach((part) => controller?.enqueue(part)),
    close: () => controller?.close(),
    model,
  };
}

test('a provider’s own tool leaves with the text around it, a tool of yours when all was judged', async () => {
  const { push, close, model } = pushed();
  const came: StreamPart[] = [];
  const { stream: parts } = await guardModel(model, watched().guard).doStream(hello);
  const reading = (async () => {
    for await (const part of parts) came.push(part);
  })();
  const theirs: StreamPart[] = [
    { type: 'tool-call', toolCallId: 's1', toolName: 'look', input: '{"q":1}', providerExecuted: true },
    { type: 'tool-result', toolCallId: 's1', toolName: 'look', result: 'A calm page.' },
  ];
  const yours: StreamPart = { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: '{"at":"sea"}' };
  const [start, , end] = stream();
  if (!start || !end) throw new Error('A stream has a beginning and an end.');
  push(start, ...theirs, ...textParts('A calm day. '));
  await vi.waitFor(() => expect(came.map(({ type }) => type)).toContain('text-delta'));
  expect(came).toEqual(expect.arrayContaining(theirs));
  push(yours, end);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(came).not.toContain(yours);
  close();
  await reading;
  expect(came.slice(-2)).toEqual([yours, end]);
});

test('a result of a provider’s tool that is flagged leaves its call closed, and the text before it', async () => {
  const { guard } = watched({ output: { window: { maxWait: 20 } } });
  const given = stream(
    ...textParts('A calm day by the sea. '),
    { type: 'tool-input-start', id: 's1', toolName: 'look', providerExecuted: true },
    { type: 'tool-input-delta', id: 's1', delta: '{}' },
    { type: 'tool-input-end', id: 's1' },
    { type: 'tool-call', toolCallId: 's1', toolName: 'look', input: '{}', providerExecuted: true },
    { type: 'tool-result', toolCallId: 's1', toolName: 'look', result: words },
  );
  const came = await partsOf(await guardModel(scripted({ parts: given }), guard).doStream(hello));
  expect(JSON.stringify(came)).not.toContain(MARKER);
  expect(came.filter(({ type }) => type === 'tool-input-start').length).toBe(
    came.filter(({ type }) => type === 'tool-input-end').length,
  );
  expect(came.at(-1)).toMatchObject({ type: 'finish', finishReason: { unified: 'content-filter' } });
});
