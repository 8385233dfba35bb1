import { isIterable } from '../is.ts';
import { childController, untilAborted } from '../abort.ts';
import type { Call } from './call.ts';
import { letGo } from '../iterate.ts';

/** Calls the model. The signal is aborted with the call, and when the guard wants no more of it. */
export type Generate<Request, Result> = (
  request: Request,
  options: {
    readonly signal: AbortSignal;
    /** From 1: which generation of the call it is. */
    readonly attempt: number;
  },
) => Promise<Result>;

/** Begins a generation. Rejects with what the model's side threw, or with the caller's abort. */
export function generateOnce<Request, Result>(
  call: Call,
  request: Request,
  generate: Generate<Request, Result>,
): Promise<Result> {
  const begun = begin(call, request, generate, call.signal);
  const result = untilAborted(begun, call.signal);
  result.catch(() => begun.then(discard, () => {})); // who was aborted may still be given something to let go of
  return result;
}

/** A generation that runs beside a judgement, and may turn out not to be wanted. */
export interface EarlyGeneration<Result> {
  readonly result: Promise<Result>;
  cancel(): void;
}

export function generateEarly<Request, Result>(
  call: Call,
  request: Request,
  generate: Generate<Request, Result>,
): EarlyGeneration<Result> {
  const { controller } = childController(call.signal);
  const begun = begin(call, request, generate, controller.signal);
  const result = untilAborted(begun, call.signal);
  result.catch(() => {}); // it may fail before anybody waits for it
  return {
    result,
    cancel() {
      controller.abort();
      begun.then(discard, () => {});
    },
  };
}

async function begin<Request, Result>(
  call: Call,
  request: Request,
  generate: Generate<Request, Result>,
  signal: AbortSignal,
): Promise<Result> {
  return generate(request, { signal, attempt: call.begin() });
}

/** A streamed result that nobody reads must still let go of its source. */
export function discard(result: unknown): void {
  if (isIterable(result)) letGo(() => result[Symbol.asyncIterator]());
}
