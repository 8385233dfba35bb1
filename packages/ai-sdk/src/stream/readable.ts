import type { FinishPart, StreamPart } from '../sdk.ts';
import { UNKNOWN } from '../reply/usage.ts';

/** What can be read once, part by part; whoever stops reading cancels it. */
export function partsOf(stream: ReadableStream<StreamPart>): AsyncIterable<StreamPart> {
  const reader = stream.getReader();
  return {
    [Symbol.asyncIterator]: () => ({
      // The runtime's types give a result that may be done with a value: it never is.
      next: () => reader.read() as Promise<IteratorResult<StreamPart, undefined>>,
      async return() {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    }),
  };
}

/**
 * A stream that never fails: where what it reads does, it says so in an `error` part and ends, so that `onError` is called
 * and a response that is under way is not torn. The caller's own abort is the exception: the SDK knows it by its failure.
 */
export function readableOf(
  parts: AsyncIterable<StreamPart>,
  finish: (part: FinishPart) => StreamPart,
  signal: AbortSignal | undefined,
): ReadableStream<StreamPart> {
  const iterator = parts[Symbol.asyncIterator]();
  return new ReadableStream<StreamPart>(
    {
      pull(controller) {
        // Not awaited, which costs more: it is done with every part.
        return iterator.next().then(
          (result) => {
            if (result.done === true) controller.close();
            else controller.enqueue(result.value.type === 'finish' ? finish(result.value) : result.value);
          },
          (error: unknown) => {
            if (signal?.aborted) throw error;
            controller.enqueue({ type: 'error', error });
            controller.enqueue(FAILED);
            controller.close();
          },
        );
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

const FAILED: FinishPart = { type: 'finish', finishReason: { unified: 'error', raw: undefined }, usage: UNKNOWN };
