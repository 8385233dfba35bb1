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

  const more = async (): Promise<IteratorResult<Frame, undefined>> => {
    for (;;) {
      const frame = ready[next];
      if (frame !== undefined) {
        next++;
        return { done: false, value: frame };
      }
      if (ended) return { done: true, value: undefined };
      const { done, value } = await reader.read();
      next = 0;
      ready = done ? cut.end() : cut.push(value);
      ended ||= done;
    }
  };

  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    next() {
      const frame = ready[next];
      if (frame === undefined) return more();
      next++;
      return Promise.resolve({ done: false, value: frame });
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
  const read = createFrameReader();
  const end = (): Frame[] => {
    const rest = splitter.flush();
    return rest === undefined ? [] : [read(rest)];
  };
  return {
    // What another guard wrote stands for itself: whole frames, none of them joined to upstream's bytes.
    push: (bytes) =>
      isRefusal(bytes)
        ? [...end(), ...splitter.push(bytes).map((frame) => markFrame(read(frame))), ...end().map(markFrame)]
        : splitter.push(bytes).map(read),
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
