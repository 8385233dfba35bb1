import type { ChunkReader } from '@chaperone/core';
import { describe, expect, test } from 'vitest';
import { refusalOf } from '../../test/refusal-of.ts';
import { openStream } from './chunk.ts';
import { messageForm } from './form.ts';
import { endFrame, type Frame, readDocument, writeFrame } from '../wire/frame.ts';
import type { OpenAIRequest } from '../wire/request.ts';

const open = (body: OpenAIRequest['body'] = {}): ChunkReader<Frame> =>
  openStream(messageForm, {
    url: 'http://127.0.0.1/v1/chat/completions',
    headers: new Headers(),
    body: { model: 'm', messages: [], stream: true, ...body },
  });
const HEAD = { id: 'chatcmpl-9', object: 'chat.completion.chunk', created: 1, model: 'm-2' };
const frameOf = (...choices: readonly object[]): Frame => writeFrame({ ...HEAD, choices }, 'event');
const delta = (index: number, value: object, more: object = {}): object => ({
  index,
  delta: value,
  finish_reason: null,
  ...more,
});
const DONE = endFrame();
const USAGE = writeFrame(
  { ...HEAD, choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
  'event',
);
const textOf = (frames: readonly Frame[]): string =>
  frames.map(({ bytes }) => new TextDecoder().decode(bytes)).join('');
const pieces = (reader: ChunkReader<Frame>, frame: Frame): unknown[] =>
  reader.read(frame).segments.map(({ path, kind, text }) => [path, kind, text]);

describe('reading', () => {
  test('a piece for every string, with the path that it has in a message', () => {
    const value = {
      role: 'assistant',
      content: 'a',
      refusal: 'b',
      reasoning_content: 'c',
      reasoning: 'd',
      function_call: { arguments: 'e' },
      tool_calls: [
        { index: 2, id: 'x', type: 'function', function: { arguments: 'f' } },
        { index: 3, custom: { input: 'g' } },
      ],
      audio: { id: 'au', transcript: 'h' },
      field_of_tomorrow: 'i',
    };
    expect(pieces(open(), frameOf(delta(4, value)))).toEqual([
      ['choices[4].message.content', 'text', 'a'],
      ['choices[4].message.refusal', 'refusal', 'b'],
      ['choices[4].message.reasoning_content', 'reasoning', 'c'],
      ['choices[4].message.reasoning', 'reasoning', 'd'],
      ['choices[4].message.function_call.arguments', 'tool-input', 'e'],
      ['choices[4].message.tool_calls[2].function.arguments', 'tool-input', 'f'],
      ['choices[4].message.tool_calls[3].custom.input', 'tool-input', 'g'],
      ['choices[4].message.audio', 'audio', undefined],
      ['choices[4].message.audio.transcript', 'text', 'h'],
      ['choices[4].message.field_of_tomorrow', 'text', 'i'],
    ]);
  });

  test('a whole message in an event is read like a delta', () => {
    expect(pieces(open(), frameOf({ index: 0, message: { content: 'a' } }))).toEqual([
      ['choices[0].message.content', 'text', 'a'],
    ]);
  });

  test('a medium in many pieces is one, images are one each', () => {
    const reader = open();
    const sound = frameOf(delta(0, { audio: { data: 'AAAA' } }));
    expect(pieces(reader, sound)).toEqual([['choices[0].message.audio', 'audio', undefined]]);
    expect(pieces(reader, sound)).toEqual([]);
    const image = frameOf(delta(0, { images: [{ image_url: { url: 'data:image/png;base64,AA==' } }] }));
    const paths = [image, image, image].map((frame) => reader.read(frame).segments[0]?.path);
    expect(new Set(paths).size).toBe(3);
    expect(paths).not.toContain(undefined);
  });

  test.for([
    { fragments: ['look'], read: [] },
    { fragments: ['lo', 'ok'], read: [] },
    { fragments: ['look', 'look'], read: [] },
    { fragments: ['lo', 'rem ', 'ipsum'], read: ['lorem ', 'ipsum'] },
    { fragments: ['zorp'], read: ['zorp'] },
  ])('of a name in fragments $fragments it reads $read', ({ fragments, read }) => {
    const reader = open({ tools: [{ type: 'function', function: { name: 'look' } }] });
    const read_ = fragments.flatMap(
      (name) => reader.read(frameOf(delta(0, { tool_calls: [{ index: 0, function: { name } }] }))).segments,
    );
    expect(read_.map(({ text }) => text)).toEqual(read);
  });

  test('usage, and the provider’s own blocks', () => {
    const reader = open();
    expect(reader.read(USAGE)).toEqual({ segments: [], usage: { inputTokens: 3, outputTokens: 4 } });
    expect(reader.read(frameOf(delta(1, {}, { finish_reason: 'content_filter' })))).toEqual({
      segments: [],
      providerBlocks: ['choices[1]'],
    });
  });

  test('ends, comments and events without choices say nothing', () => {
    const reader = open();
    expect(reader.read(DONE)).toEqual({ segments: [] });
    expect(reader.read(writeFrame({ moderation: { input: {} } }, 'event'))).toEqual({ segments: [] });
  });

  test.for([
    { error: { message: 'Overloaded.' } },
    { type: 'ping' },
    { id: 'x', object: 'chat.completion.chunk', usage: { prompt_tokens: 1 } },
    { choices: [], obfuscation: 'abc' },
  ])('%j says nothing', (data) => {
    expect(open().read(writeFrame(data, 'event')).segments).toEqual([]);
  });

  test.for([
    [{ greeting: 'Good day.' }, 'greeting', 'Good day.'],
    [{ message: { role: 'assistant', content: 'a' } }, 'message.content', 'a'],
    [{ type: 'response.output_text.delta', delta: 'a' }, 'delta', 'a'],
    [{ choices: { 0: { delta: { content: 'a' } } } }, 'choices.0.delta.content', 'a'],
    [{ choices: { 0: { delta: { content: 'a' } } }, error: {} }, 'choices.0.delta.content', 'a'],
    [{ choices: [], error: 'a' }, 'error', 'a'],
  ] as const)('%j is of another protocol, and what it says is judged', ([data, path, text]) => {
    expect(open().read(writeFrame(data, 'event')).segments).toEqual([{ kind: 'text', role: 'assistant', path, text }]);
  });

  test('what is not JSON, or no object, cannot be read', () => {
    const bytes = new Uint8Array();
    for (const frame of [
      { bytes, form: 'event', data: undefined, readable: false },
      { bytes, form: 'event', data: 'text', readable: true },
      { bytes, form: 'document', data: { error: {} }, readable: true },
    ] as const)
      expect(() => open().read(frame)).toThrow(TypeError);
  });
});

describe('taking out', () => {
  const refusal = refusalOf({ paths: ['choices[1].message.content'] });

  test('of the refused choices nothing is left, and the rest stays the same object', () => {
    const reader = open();
    const other = frameOf(delta(0, { content: 'fine' }));
    expect(reader.without(other, refusal)).toBe(other);
    expect(reader.without(DONE, refusal)).toBe(DONE);
    expect(reader.without(USAGE, refusal)).toBe(USAGE);
    expect(reader.without(frameOf(delta(1, { content: 'zorp' })), refusal)).toBeUndefined();
    const mixed = reader.without(frameOf(delta(0, { content: 'fine' }), delta(1, { content: 'zorp' })), refusal);
    expect(mixed).toMatchObject({ data: { ...HEAD, choices: [{ index: 0 }] } });
    expect(textOf(mixed ? [mixed] : [])).not.toContain('zorp');
  });

  test('usage stays when its choices go', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    const frame = writeFrame({ ...HEAD, choices: [delta(1, { content: 'zorp' })], usage, cited: 'zorp' }, 'event');
    expect(open().without(frame, refusal)?.data).toEqual({ ...HEAD, choices: [], usage });
  });

  test('what cannot be read does not stay', () => {
    const frame = { bytes: new Uint8Array(), form: 'event', data: undefined, readable: false } as const;
    expect(open().without(frame, refusal)).toBeUndefined();
  });
});

describe('refusing', () => {
  test('a whole stream', () => {
    const frames = open({ n: 2, stream_options: { include_usage: true } }).refuse(refusalOf({ stage: 'input' }), false);
    const head = {
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion.chunk',
      created: expect.any(Number),
      model: 'm',
    };
    const say = (index: number): object => ({
      ...head,
      choices: [{ index, delta: { role: 'assistant', content: 'No, sorry.' }, logprobs: null, finish_reason: null }],
    });
    const finish = (index: number): object => ({
      ...head,
      choices: [{ index, delta: {}, logprobs: null, finish_reason: 'content_filter' }],
      chaperone: { decision: 'dec_1', stage: 'input', action: 'block' },
    });
    expect(frames.map(({ data }) => data)).toEqual([
      say(0),
      say(1),
      finish(0),
      finish(1),
      { ...head, choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
      undefined,
    ]);
    expect(textOf(frames)).toMatch(/data: \[DONE\]\n\n$/);
  });

  test('the refused choices of a stream that goes on, with its head', () => {
    const reader = open();
    reader.read(frameOf(delta(0, { content: 'fine' }), delta(1, { content: 'zorp' })));
    const frames = reader.refuse(refusalOf({ paths: ['choices[1].message.content'] }), true);
    expect(frames.map(({ data }) => data)).toMatchObject([
      { ...HEAD, choices: [{ index: 1, delta: { content: 'No, sorry.' } }] },
      { ...HEAD, choices: [{ index: 1, finish_reason: 'content_filter' }] },
    ]);
    expect(textOf(frames)).not.toContain('[DONE]');
  });

  test('every choice that was seen, where everything is refused', () => {
    const reader = open();
    reader.read(frameOf(delta(3, { content: 'zorp' })));
    const indices = reader
      .refuse(refusalOf(), false)
      .flatMap(({ data }) => JSON.stringify(data)?.match(/"index":\d/g) ?? []);
    expect(new Set(indices)).toEqual(new Set(['"index":0', '"index":3']));
  });

  test('never in the content of structured output', () => {
    const frames = open({ response_format: { type: 'json_schema' } }).refuse(refusalOf(), false);
    expect(frames[0]?.data).toMatchObject({ choices: [{ delta: { role: 'assistant', refusal: 'No, sorry.' } }] });
    expect(textOf(frames)).not.toContain('"content"');
  });

  const STRUCTURED = { response_format: { type: 'json_schema' } };
  test.for([
    ['text', {}, { content: 'Fine.' }, { content: '\n\nNo, sorry.' }],
    ['text in parts', {}, { content: [{ type: 'text', text: 'Fine.' }] }, { content: '\n\nNo, sorry.' }],
    ['no words', {}, { content: '' }, { content: 'No, sorry.' }],
    ['reasoning', {}, { reasoning_content: 'Hm.' }, { content: 'No, sorry.' }],
    ['structured output', STRUCTURED, { content: '{"calm":' }, { refusal: 'No, sorry.' }],
    ['a refusal of structured output', STRUCTURED, { refusal: 'Rather not.' }, { refusal: '\n\nNo, sorry.' }],
  ] as const)(
    'after %s that has left: a blank line where the message goes on, and only there',
    ([, body, left, says]) => {
      const reader = open(body);
      const frame = frameOf(delta(0, left));
      reader.read(frame);
      reader.left?.(frame);
      expect(reader.refuse(refusalOf(), false)[0]?.data).toMatchObject({ choices: [{ delta: says }] });
    },
  );
});

test('each choice goes on after its own words', () => {
  const reader = open({ n: 3 });
  const frames = [delta(1, { content: 'Fine.' }), delta(0, { role: 'assistant' }), delta(2, { content: 'Well.' })];
  for (const frame of frames.map((choice) => frameOf(choice))) {
    reader.read(frame);
    reader.left?.(frame);
  }
  const said = reader.refuse(refusalOf(), false).slice(0, 3);
  expect(said.map(({ data }) => data)).toMatchObject([
    { choices: [{ index: 1, delta: { content: '\n\nNo, sorry.' } }] },
    { choices: [{ index: 0, delta: { content: 'No, sorry.' } }] },
    { choices: [{ index: 2, delta: { content: '\n\nNo, sorry.' } }] },
  ]);
});

describe('an answer in one piece', () => {
  const document = readDocument(
    new TextEncoder().encode(
      JSON.stringify({
        ...HEAD,
        choices: [
          { index: 0, message: { content: 'fine' } },
          { index: 1, message: { content: 'zorp' } },
        ],
      }),
    ),
  );

  test('is refused in part where it stands', () => {
    const reader = open();
    expect(pieces(reader, document)).toEqual([
      ['choices[0].message.content', 'text', 'fine'],
      ['choices[1].message.content', 'text', 'zorp'],
    ]);
    const refusal = refusalOf({ paths: ['choices[1].message.content'], usage: 'unknown' });
    expect(reader.refuse(refusal, true)).toEqual([]);
    expect(reader.without(document, refusal)?.data).toMatchObject({
      choices: [
        { message: { content: 'fine' } },
        { message: { content: 'No, sorry.' }, finish_reason: 'content_filter' },
      ],
    });
  });

  test('is refused as a whole by another one', () => {
    const reader = open();
    reader.read(document);
    expect(reader.without(document, refusalOf())).toBeUndefined();
    const frames = reader.refuse(refusalOf(), false);
    expect(JSON.parse(textOf(frames))).toMatchObject({
      choices: [{ finish_reason: 'content_filter' }, { finish_reason: 'content_filter' }],
    });
    expect(textOf(frames)).not.toMatch(/zorp|fine/);
  });
});

test('usage of earlier attempts is added to the event that carries some', () => {
  const reader = open();
  const added = reader.addUsage(USAGE, { inputTokens: 10, outputTokens: 20 });
  expect(added.data).toMatchObject({ usage: { prompt_tokens: 13, completion_tokens: 24, total_tokens: 37 } });
  expect(textOf([added])).toMatch(/^data: .*"total_tokens":37.*\n\n$/);
  const other = frameOf(delta(0, { content: 'fine' }));
  expect(reader.addUsage(other, { inputTokens: 1, outputTokens: 1 })).toBe(other);
});
