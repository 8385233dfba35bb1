import { isObject } from '../validate.ts';
import { childController, untilAborted } from '../abort.ts';
import type { Call } from './call.ts';

/** Calls the model. The signal is aborted with the call, and when the guard wants no more of it. */
export type Generate<Request, Result> = (
  request: Request,
  options: {
    readonly signal: AbortSignal;
    /** From 1: which generation of the call it is. */
    readonly attempt: number;
  },
) => Promise<Result>;

/** One generation that was begun. */
export interface Generation<Result> {
  /** Rejects with what the model's side threw, or with the caller's abort. */
  readonly result: Promise<Result>;
  /** Stops it: nobody wants its result any longer. */
  cancel(): void;
}

export function generateOnce<Request, Result>(
  call: Call,
  request: Request,
  generate: Generate<Request, Result>,
): Generation<Result> {
  const { controller } = childController(call.signal);
  const attempt = call.begin();
  const begun = (async () => generate(request, { signal: controller.signal, attempt }))();
  const result = untilAborted(begun, call.signal);
  result.catch(() => {}); // it may fail while the input is still being judged, before anybody waits for it
  return {
    result,
    cancel() {
      controller.abort(new DOMException('The guard wants no more of this generation', 'AbortError'));
      begun.then(discard, () => {});
    },
  };
}

/** A streamed result that nobody reads must still let go of its source. */
function discard(result: unknown): void {
  if (!isObject(result) || !(Symbol.asyncIterator in result)) return;
  const iterable = result as AsyncIterable<unknown>; // it has the one member that makes it one
  Promise.resolve(iterable[Symbol.asyncIterator]().return?.()).catch(() => {});
}
