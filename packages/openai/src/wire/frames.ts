import { isRefusal, markRefusal } from '@chaperone/core';
import { joinBytes } from './bytes.ts';
import { createFrameReader, type Frame, readDocument } from './frame.ts';
import { FrameSplitter } from './split.ts';

/**
 * The frames of a body, read as they are asked for. Not a generator: one that was never started, or that waits for
 * bytes, could not be told to let go of the body.
 * @param form `document`: the body is one answer and no stream
 */
export function readFrames(body: ReadableStream<Uint8Array>, form: Frame['form']): AsyncIterableIterator<Frame> {
  const reader = body.getReader();
  const cut = form === 'event' ? createEventCutter() : createDocumentCutter();
  let ready: Frame[] = [];
  let next = 0;
  let ended = false;

  const take = (): IteratorResult<Frame, undefined> | undefined => {
    const frame = ready[next];
    if (frame !== undefined) {
      next++;
      return { done: false, value: frame };
    }
    return ended ? { done: true, value: undefined } : undefined;
  };
  // No async function: there is one of these for every token.
  const more = (): Promise<IteratorResult<Frame, undefined>> =>
    reader.read().then(({ done, value }) => {
      next = 0;
      ready = done ? cut.end() : cut.push(value);
      ended ||= done;
      return take() ?? more();
    });

  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    next() {
      const result = take();
      return result === undefined ? more() : Promise.resolve(result);
    },
    async return() {
      ended = true;
      ready = [];
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

interface Cutter {
  push(bytes: Uint8Array): Frame[];
  end(): Frame[];
}

function createEventCutter(): Cutter {
  const splitter = new FrameSplitter();
  const reader = createFrameReader();
  const read = (bytes: Uint8Array): Frame => reader.readPlain(bytes) ?? reader.read(bytes);
  const end = (): Frame[] => {
    const rest = splitter.flush();
    return rest === undefined ? [] : [read(rest)];
  };
  return {
    push(bytes) {
      // What another guard wrote stands for itself: whole frames, none of them joined to upstream's bytes.
      if (isRefusal(bytes))
        return [...end(), ...splitter.push(bytes).map((frame) => markFrame(read(frame))), ...end().map(markFrame)];
      const plain = splitter.isBetweenFrames ? reader.readPlain(bytes) : undefined;
      return plain === undefined ? splitter.push(bytes).map(read) : [plain];
    },
    end,
  };
}

function createDocumentCutter(): Cutter {
  const parts: Uint8Array[] = [];
  return {
    push(bytes) {
      parts.push(bytes);
      return [];
    },
    end() {
      const frame = readDocument(joinBytes(parts));
      return [parts.length > 0 && parts.every(isRefusal) ? markFrame(frame) : frame];
    },
  };
}

/** Marks a frame, and the bytes that carry the mark on to whoever reads the body. */
export function markFrame(frame: Frame): Frame {
  markRefusal(frame.bytes);
  return markRefusal(frame);
}

/** A body that gives away frames one at a time, when it is asked, and lets go of them when it is cancelled. */
export function writeFrames(frames: AsyncIterable<Frame>): ReadableStream<Uint8Array> {
  const iterator = frames[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        iterator.next().then((result: IteratorResult<Frame, unknown>) => {
          if (result.done === true) controller.close();
          else controller.enqueue((isRefusal(result.value) ? markFrame(result.value) : result.value).bytes);
        }),
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
