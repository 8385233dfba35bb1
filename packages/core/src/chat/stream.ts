import { isObject } from '../is.ts';
import { onAbort, untilAborted } from '../abort.ts';
import { attempt } from '../attempt.ts';
import type { Outcome } from '../fallback/outcome.ts';
import type { Ruling } from '../judge.ts';
import type { Decision } from '../policy/decision.ts';
import { isRefusal, markRefusal } from '../refusals.ts';
import type { ChatAdapter, ChunkReader, ChunkReading, Refusal, Usage } from './adapter.ts';
import { judgeOutput, next, tellProviderBlocks } from './attempts.ts';
import type { Call } from './call.ts';
import { createGate, type Gate, type LaneWindow } from './gate.ts';
import { discard, type Generate } from './generation.ts';
import { letGo, readOnce, replay } from '../iterate.ts';
import { open, refusalFor } from './opening.ts';
import { wholeText } from './window.ts';

/** What a guarded streamed call brought, before its first chunk. */
export interface GuardedStream<Chunk, C extends string = string> {
  /** To be read once. Whoever stops reading cancels the generation. */
  readonly stream: AsyncIterable<Chunk>;
  /** `refused`: the stream is the refusal of the input. */
  readonly delivery: 'open' | 'refused';
  /** What was refused, and why. */
  readonly refusal?: Refusal;
  /** Absent where nothing waited for it, as with `log()`. */
  readonly input?: Decision<C>;
}

type StreamAdapter<Request, Chunk> = Pick<
  ChatAdapter<Request, never, Chunk>,
  'readRequest' | 'rewriteRequest' | 'isProviderBlock' | 'addFeedback' | 'openStream'
>;

/** A call whose reply comes piece by piece. */
export async function guardStream<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  generate: Generate<Request, AsyncIterable<Chunk>>,
): Promise<GuardedStream<Chunk>> {
  try {
    call.start();
    const opening = await open(call, adapter, request, generate);
    const { input } = call.decisions;
    if ('refusal' in opening) {
      const { refusal } = opening;
      const chunks = adapter.openStream(opening.request).refuse(refusal, false).map(mark);
      call.settle('refused');
      return { stream: abandonable(call, replay(chunks)), delivery: 'refused', refusal, ...(input && { input }) };
    }
    const upstream = opening.result;
    return {
      stream: release(call, adapter, opening.request, upstream, generate),
      delivery: 'open',
      ...(input && { input }),
    };
  } catch (error) {
    throw call.settleWith(error);
  }
}

/** Releases a stream that has begun, as the guard says. */
export function release<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
  generate: Generate<Request, AsyncIterable<Chunk>>,
): AsyncIterable<Chunk> {
  return call.parts.fallbacks.output.waits
    ? abandonable(call, verified(call, adapter, request, upstream, generate), upstream)
    : observed(call, adapter, request, upstream);
}

/** Holds what comes until it was judged. */
async function* verified<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
  generate: Generate<Request, AsyncIterable<Chunk>>,
): AsyncGenerator<Chunk, void, undefined> {
  try {
    let current = upstream;
    let flagged: Heard<Chunk> | undefined;
    for (;;) {
      const heard = await hear(call, adapter, request, current, flagged);
      const then = await next(call, adapter, request, heard.ruling, generate);
      if ('result' in then) {
        current = then.result;
        flagged = heard;
        continue;
      }
      yield* then.outcome.kind === 'release' ? handOver(call, heard.listener) : refused(call, heard, then.outcome);
      return;
    }
  } catch (error) {
    throw call.settleWith(error);
  }
}

/** One streamed reply that was heard to its end, and what is made of it. */
interface Heard<Chunk> {
  readonly listener: Listener<Chunk>;
  readonly ruling: Ruling;
}

async function hear<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
  flagged: Heard<Chunk> | undefined,
): Promise<Heard<Chunk>> {
  const listener = listenTo(call, adapter, request);
  try {
    for await (const chunk of withAbort(upstream, call.signal)) listener.hear(chunk);
  } catch (error) {
    if (!flagged || call.signal.aborted) throw error;
    // The model's side failed after a flagged attempt: what is done is what is done when no retry is left.
    return { listener: flagged.listener, ruling: { ...flagged.ruling, outcome: await flagged.ruling.otherwise() } };
  }
  return { listener, ruling: await listener.judge() };
}

/** Lets everything pass as it comes, and has what passed judged, however it ends. */
function observed<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  const listener = listenTo(call, adapter, request);
  async function* pass(): AsyncGenerator<Chunk, void, undefined> {
    try {
      for await (const chunk of withAbort(upstream, call.signal)) {
        listener.hear(chunk);
        listener.gate.giveUp(); // keeps nothing that has already left
        yield chunk;
      }
      call.settle('delivered');
    } catch (error) {
      throw call.settleWith(error);
    }
  }
  call.whenSettled(() => {
    if (listener.hasHeard) call.beside(listener.judge());
  });
  return abandonable(call, pass(), upstream);
}

/** Hears one streamed reply: knows its chunks, what they say, and what is made of it. */
interface Listener<Chunk> {
  readonly reader: ChunkReader<Chunk>;
  readonly gate: Gate<Chunk>;
  /** Which generation of the call it is. */
  readonly attempt: number;
  readonly hasHeard: boolean;
  /** Whether another guard's own words were among it. */
  readonly hasRefusal: boolean;
  hear(chunk: Chunk): void;
  judge(): Promise<Ruling>;
  /** What was judged may leave. */
  clear(): void;
}

function listenTo<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
): Listener<Chunk> {
  const reader = adapter.openStream(request);
  const gate = createGate<Chunk>(wholeText);
  const windows: LaneWindow[] = [];
  const providerBlocks: string[] = [];
  let usage: Usage | undefined;
  let hasHeard = false;
  let hasRefusal = false;
  let isUnreadable = false;
  return {
    reader,
    gate,
    attempt: call.attempts,
    get hasHeard() {
      return hasHeard;
    },
    get hasRefusal() {
      return hasRefusal;
    },
    hear(chunk) {
      hasHeard = true;
      const isOthers = isRefusal(chunk);
      hasRefusal ||= isOthers;
      const reading: ChunkReading | undefined = isOthers ? { segments: [] } : attempt(() => reader.read(chunk));
      isUnreadable ||= !reading;
      usage = reading?.usage ?? usage;
      providerBlocks.push(...(reading?.providerBlocks ?? []));
      windows.push(...gate.hold(chunk, reading?.segments ?? []));
    },
    async judge() {
      call.used(usage);
      await tellProviderBlocks(call, providerBlocks);
      windows.push(...gate.end());
      const segments = isUnreadable ? undefined : windows.map(({ segment }) => segment);
      return judgeOutput(call, adapter, request, segments);
    },
    clear: () => windows.forEach(gate.clear),
  };
}

function* handOver<Chunk>(call: Call, listener: Listener<Chunk>): Generator<Chunk, void, undefined> {
  const { gate, hasRefusal } = listener;
  listener.clear();
  yield* ending(call, hasRefusal ? 'refused' : 'delivered', gate.leave().map(withUsage(call, listener)));
}

function* refused<Chunk>(
  call: Call,
  { listener, ruling }: Heard<Chunk>,
  outcome: Outcome,
): Generator<Chunk, void, undefined> {
  const { gate, reader } = listener;
  const refusal = refusalFor(call, { ...ruling, outcome });
  const isEverything = refusal.paths.length === 0;
  const others = isEverything
    ? []
    : gate
        .giveUp()
        .flatMap((chunk) => reader.without(chunk, refusal) ?? [])
        .map(withUsage(call, listener));
  yield* ending(call, 'refused', [...reader.refuse(refusal, !isEverything).map(mark), ...others]);
}

/** The reader of a reply is told what the other attempts used as well. */
function withUsage<Chunk>(call: Call, { reader, attempt: heard }: Listener<Chunk>): (chunk: Chunk) => Chunk {
  const others = call.usedBeside(heard);
  return (chunk) => (others ? reader.addUsage(chunk, others) : chunk);
}

/** The call ends with its last chunk: whoever has that need not ask for more. */
function* ending<Chunk>(
  call: Call,
  delivery: 'delivered' | 'refused',
  chunks: readonly Chunk[],
): Generator<Chunk, void, undefined> {
  for (const [index, chunk] of chunks.entries()) {
    if (index === chunks.length - 1) call.settle(delivery);
    yield chunk;
  }
  call.settle(delivery);
}

function mark<Chunk>(chunk: Chunk): Chunk {
  if (isObject(chunk)) markRefusal(chunk);
  return chunk;
}

/** Reads on until the end or the abort, and lets go of the source in either case. */
async function* withAbort<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const result = await untilAborted(iterator.next(), signal);
      if (result.done) {
        isDone = true;
        return;
      }
      yield result.value;
    }
  } finally {
    if (!isDone) letGo(() => iterator);
  }
}

/**
 * A stream whose reader may leave at any moment, also before the first chunk, and whose call may be aborted while
 * nobody reads: it then ends as aborted, and lets go of its source.
 */
function abandonable<Chunk>(
  call: Call,
  chunks: AsyncGenerator<Chunk, void, undefined>,
  upstream?: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  let isBegun = false;
  onAbort(call.signal, () => {
    call.settle('aborted');
    if (!isBegun) discard(upstream);
  });
  return readOnce(
    () => {
      isBegun ||= !call.signal.aborted;
      return chunks.next();
    },
    () => {
      if (!call.isSettled) call.abort(); // frees whatever `next` is waiting for
      return chunks.return();
    },
  );
}
