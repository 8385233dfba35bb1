import type { FinishPart, StreamPart } from '../sdk.ts';
import { UNKNOWN } from '../reply/usage.ts';

/**
 * Stands behind a stream that breaks off, where its reader has to look at what came last. It is nobody's: it is taken out
 * again.
 */
export const BROKEN_OFF: StreamPart = { type: 'raw', rawValue: undefined };

/**
 * What can be read once, part by part; whoever stops reading cancels it.
 * @param hasEvents whether the provider's own events are among them
 */
export function partsOf(stream: ReadableStream<StreamPart>, hasEvents: boolean): AsyncIterable<StreamPart> {
  const reader = stream.getReader();
  let isOver = !hasEvents;
  const next = async (): Promise<IteratorResult<StreamPart, undefined>> => {
    const result = await reader.read();
    if (result.done && !isOver) {
      isOver = true;
      return { done: false, value: BROKEN_OFF };
    }
    const type = result.value?.type;
    if (type === 'finish' || type === 'raw') isOver = type === 'finish';
    return result as IteratorResult<StreamPart, undefined>; // as below: it is never done with a value
  };
  return {
    [Symbol.asyncIterator]: () => ({
      // The runtime's types give a result that may be done with a value: it never is. Written twice: one costs more.
      next: hasEvents ? next : () => reader.read() as Promise<IteratorResult<StreamPart, undefined>>,
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
      pull: function pull(controller): Promise<void> {
        // Not awaited, which costs more: it is done with every part.
        return iterator.next().then(
          ({ done, value }) => {
            if (value === BROKEN_OFF) return pull(controller);
            if (done === true) controller.close();
            else controller.enqueue(value.type === 'finish' ? finish(value) : value);
            return undefined;
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
