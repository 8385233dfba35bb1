import { isRefusal, markRefusal } from '@chaperone/core';
import { describe, expect, test } from 'vitest';
import { joinBytes } from './bytes.ts';
import type { Frame } from './frame.ts';
import { readFrames, writeFrames } from './frames.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const STREAMS = {
  'line feeds': 'data: {"a":1}\n\ndata: {"b":"é漢👋"}\n\ndata: [DONE]\n\n',
  'carriage returns and line feeds': 'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\ndata: [DONE]\r\n\r\n',
  'carriage returns': 'data: {"a":1}\r\rdata: {"b":2}\r\rdata: [DONE]\r\r',
  'mixed line ends': 'data: {"a":1}\n\r\ndata: {"b":2}\r\n\ndata: {"c":3}\r\r\ndata: [DONE]\n\n',
  'comments and blank lines': '\n\n: wait\n\n: wait\ndata: {"a":1}\n\n\r\n\ndata:{"b":2}\n\n',
  'data in several lines': 'event: x\nid: 1\ndata: {"a":\ndata: 1}\n\nretry: 5\n\n',
  'no end': 'data: {"a":1}\n\ndata: {"b":2}',
  nothing: '',
};

/** A stream of chunks that says whether it was let go of. */
function bodyOf(chunks: readonly Uint8Array[]): { body: ReadableStream<Uint8Array>; wasCancelled: () => boolean } {
  const left = [...chunks];
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = left.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, wasCancelled: () => cancelled };
}

async function framesOf(chunks: readonly Uint8Array[], form: Frame['form'] = 'event'): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(bodyOf(chunks).body, form)) frames.push(frame);
  return frames;
}

/** Numbers that look random and are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function cutAtRandom(bytes: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const longest = 1 + Math.floor(random() * 20);
  for (let at = 0; at < bytes.length;) {
    const length = Math.floor(random() * (longest + 1)); // an empty chunk now and then
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  return chunks;
}

describe.for(Object.entries(STREAMS))('a stream with %s', ([, text]) => {
  const bytes = encoder.encode(text);

  test('has the same frames however the network cuts it, and every byte is in one', async () => {
    const whole = await framesOf([bytes]);
    const random = createRandom(7);
    const cuts = [[...bytes].map((byte) => Uint8Array.of(byte))];
    for (let round = 0; round < 300; round++) cuts.push(cutAtRandom(bytes, random));
    for (const chunks of cuts) {
      const frames = await framesOf(chunks);
      expect(frames).toEqual(whole);
      expect(joinBytes(frames.map((frame) => frame.bytes))).toEqual(bytes);
    }
  });
});

test('frames end at blank lines, whatever ends a line', async () => {
  const texts = (frames: readonly Frame[]): string[] => frames.map((frame) => decoder.decode(frame.bytes));
  expect(texts(await framesOf([encoder.encode(STREAMS['mixed line ends'])]))).toEqual([
    'data: {"a":1}\n\r\n',
    'data: {"b":2}\r\n\n',
    'data: {"c":3}\r\r\n',
    'data: [DONE]\n\n',
  ]);
  expect(texts(await framesOf([encoder.encode(STREAMS['no end'])]))).toEqual(['data: {"a":1}\n\n', 'data: {"b":2}']);
});

test('data is parsed, also over several lines and without a last blank line', async () => {
  const data = async (text: string): Promise<unknown[]> =>
    (await framesOf([encoder.encode(text)])).map((frame) => frame.data);
  expect(await data(STREAMS['data in several lines'])).toEqual([{ a: 1 }, undefined]);
  expect(await data(STREAMS['no end'])).toEqual([{ a: 1 }, { b: 2 }]);
  expect(await data(STREAMS['line feeds'])).toEqual([{ a: 1 }, { b: 'é漢👋' }, undefined]);
});

describe('an event is readable unless something in it is neither a field nor JSON', () => {
  test.for([
    ['JSON that breaks off', 'data: {"a":\n\n', false],
    ['two answers in one event', 'data: {"a":1}\ndata: {"b":2}\n\n', false],
    ['text that is no field', 'Some prose\n\n', false],
    ['a JSON body that is no event', '{"choices":[]}', false],
    ['something after the end mark', 'data: [DONE] and more\n\n', false],
    ['a comment', ': wait\n\n', true],
    ['the end mark', 'data: [DONE]\n\n', true],
    ['a blank line', '\n', true],
  ] as const)('%s', async ([, text, readable]) => {
    expect((await framesOf([encoder.encode(text)])).map((frame) => frame.readable)).toEqual([readable]);
  });
});

test('a document is one frame', async () => {
  const bytes = encoder.encode('{"a":\n\n"é"}');
  const [frame, ...others] = await framesOf(cutAtRandom(bytes, createRandom(3)), 'document');
  expect(others).toEqual([]);
  expect(frame).toEqual({ bytes, form: 'document', data: { a: 'é' }, readable: true });
  expect(await framesOf([encoder.encode('nothing of the kind')], 'document')).toMatchObject([{ readable: false }]);
});

describe('letting go', () => {
  test('return() cancels the body before anything was read', async () => {
    const { body, wasCancelled } = bodyOf([encoder.encode('data: 1\n\n')]);
    await readFrames(body, 'event').return?.();
    expect(wasCancelled()).toBe(true);
  });

  test('return() cancels the body while a read is waiting, and the read ends', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        cancelled = true;
      },
    });
    const frames = readFrames(body, 'event');
    const waiting = frames.next();
    await frames.return?.();
    expect(cancelled).toBe(true);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('a reader that leaves the loop cancels the body', async () => {
    const { body, wasCancelled } = bodyOf([encoder.encode('data: 1\n\ndata: 2\n\n'), encoder.encode('data: 3\n\n')]);
    for await (const frame of readFrames(body, 'event')) if (frame.data === 1) break;
    expect(wasCancelled()).toBe(true);
  });

  test('a body that breaks is an error of the reader', async () => {
    const broken = new Error('broken');
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(broken) });
    await expect(readFrames(body, 'event').next()).rejects.toBe(broken);
  });

  test('a written body asks for nothing before it is asked, and passes a cancel on', async () => {
    const { body, wasCancelled } = bodyOf(['data: 1\n\n', 'data: 2\n\n'].map((text) => encoder.encode(text)));
    const frames = readFrames(body, 'event');
    let asked = 0;
    const written = writeFrames({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          asked++;
          return frames.next();
        },
        return: async () => frames.return?.() ?? { done: true, value: undefined },
      }),
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toBe(0);
    const reader = written.getReader();
    expect(decoder.decode((await reader.read()).value)).toBe('data: 1\n\n');
    await reader.cancel();
    expect(wasCancelled()).toBe(true);
  });
});

test('the mark of a refusal travels on the bytes, and on no others', async () => {
  const own = encoder.encode('data: {"refused":1}\n\ndata: [DONE]\n\n');
  const upstream = encoder.encode('data: {"a":1}\n\n');
  markRefusal(own);
  const frames = await framesOf([upstream, own, encoder.encode('data: {"b":1}')]);
  expect(frames.map(isRefusal)).toEqual([false, true, true, false]);
  const reader = writeFrames(
    (async function* () {
      yield* frames;
    })(),
  ).getReader();
  for (const expected of [false, true, true, false]) expect(isRefusal((await reader.read()).value)).toBe(expected);
});
