import { childController, onAbort, untilAborted } from '../abort.ts';
import { attempt } from '../attempt.ts';
import type { Outcome } from '../fallback/outcome.ts';
import { isObject } from '../is.ts';
import { getOrAdd } from '../look-up.ts';
import { letGo, readOnce, replay } from '../iterate.ts';
import type { Ruling } from '../judge.ts';
import type { Decision } from '../policy/decision.ts';
import { isRefusal, markRefusal } from '../refusals.ts';
import type { ChunkReader, OwnVerdicts, Refusal, StreamAdapter, Usage } from './adapter.ts';
import { judgeOutput, next, tellProviderBlocks } from './attempts.ts';
import type { Call } from './call.ts';
import { discard, type Generate } from './generation.ts';
import { asWhole, Listener } from './listener.ts';
import { open, refusalFor } from './opening.ts';
import type { Segment } from './segment.ts';

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

/** A call whose reply comes piece by piece. */
export async function guardStream<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  generate: Generate<Request, AsyncIterable<Chunk>>,
): Promise<GuardedStream<Chunk>> {
  try {
    call.start();
    const listen = listening(call, adapter, generate);
    return call.parts.fallbacks.output.waits
      ? await begin(call, adapter, request, listen, (sent, first) =>
          abandonable(call, oneByOne(call, verified(call, adapter, sent, first, listen))),
        )
      : await begin(call, adapter, request, generate, (sent, upstream) => observed(call, adapter, sent, upstream));
  } catch (error) {
    throw call.settleWith(error);
  }
}

async function begin<Request, Chunk, Result>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  generate: Generate<Request, Result>,
  giveOn: (request: Request, result: Result) => AsyncIterable<Chunk>,
): Promise<GuardedStream<Chunk>> {
  const opening = await open(call, adapter, request, generate);
  const { input } = call.decisions;
  if (!('refusal' in opening))
    return { stream: giveOn(opening.request, opening.result), delivery: 'open', ...(input && { input }) };
  const { refusal } = opening;
  const chunks = adapter.openStream(opening.request).refuse(refusal, false).map(mark);
  call.settle('refused');
  return { stream: abandonable(call, replay(chunks)), delivery: 'refused', refusal, ...(input && { input }) };
}

/** A generation that is listened to from its first chunk, whatever else is still to be judged. */
function listening<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  generate: Generate<Request, AsyncIterable<Chunk>>,
): Generate<Request, Listener<Request, Chunk>> {
  return async (request, { signal, attempt: number }) => {
    const { controller, unlink } = childController(signal);
    const cancel = (): void => {
      unlink();
      controller.abort();
    };
    const upstream = await generate(request, { signal: controller.signal, attempt: number });
    const listener = new Listener(call, adapter, request, upstream, cancel);
    onAbort(controller.signal, () => listener.cancel());
    return listener;
  };
}

/** Releases a stream that has begun, as the guard says. */
export function release<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
  generate: Generate<Request, AsyncIterable<Chunk>>,
  cancel: () => void,
): AsyncIterable<Chunk> {
  if (!call.parts.fallbacks.output.waits) return observed(call, adapter, request, upstream);
  const listener = new Listener(call, adapter, request, upstream, cancel);
  const batches = verified(call, adapter, request, listener, listening(call, adapter, generate));
  return abandonable(call, oneByOne(call, batches));
}

/** Chunks that leave together; with the last of them the call has ended in some way. */
interface Batch<Chunk> {
  readonly chunks: readonly Chunk[];
  readonly ends?: 'delivered' | 'refused' | 'errored';
}

/** Gives on what comes as far as it was judged. */
async function* verified<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  first: Listener<Request, Chunk>,
  generate: Generate<Request, Listener<Request, Chunk>>,
): AsyncGenerator<Batch<Chunk>, void, undefined> {
  let listener = first;
  let flagged: { readonly listener: Listener<Request, Chunk>; readonly ruling: Ruling } | undefined;
  let decision: Decision | undefined;
  try {
    for (;;) {
      const came = await listener.next().catch(async (error: unknown) => {
        if (!flagged || call.signal.aborted || listener.gate.hasLeft) throw error;
        // The model's side failed after a flagged attempt: what is done is what is done when no retry is left.
        const { ruling } = flagged;
        listener.cancel();
        ({ listener } = flagged);
        flagged = undefined;
        return { ruling: { ...ruling, outcome: await ruling.otherwise() } };
      });
      // One that was cut off ends as it came, and is told as what it is.
      const isWhole = listener.hasRefusal || listener.reader.isComplete?.() !== false;
      const delivery = listener.hasRefusal ? 'refused' : isWhole ? 'delivered' : 'errored';
      if (!came) {
        call.settle(delivery);
        return;
      }
      if ('chunks' in came) {
        const chunks = withDecision(listener, decision, withUsage(call, listener, came.chunks));
        yield { chunks, ...(came.isLast && { ends: delivery }) };
        continue;
      }
      const { ruling } = came;
      const then = await next(call, adapter, request, ruling, generate);
      if ('result' in then) {
        flagged = { listener, ruling };
        listener = then.result;
      } else if (then.outcome.kind === 'release' && !listener.isCut) {
        ({ decision } = ruling);
        if (listener.isEnded) listener.remember();
        listener.free();
      } else {
        const outcome: Outcome = then.outcome.kind === 'release' ? { kind: 'reject' } : then.outcome;
        yield { chunks: refused(call, listener, ruling, outcome), ends: 'refused' };
        return;
      }
    }
  } catch (error) {
    throw call.settleWith(error);
  } finally {
    listener.cancel();
  }
}

/** One by one. The call ends with its last chunk: whoever has that need not ask for more. */
function oneByOne<Chunk>(
  call: Call,
  batches: AsyncGenerator<Batch<Chunk>, void, undefined>,
): AsyncIterator<Chunk, void> {
  let batch: Batch<Chunk> = { chunks: [] };
  let at = 0;
  const take = (): IteratorResult<Chunk, void> => {
    const value = batch.chunks[at++] as Chunk; // `at` is a place of the batch
    if (batch.ends && at === batch.chunks.length) call.settle(batch.ends);
    return { done: false, value };
  };
  const fetchMore = async (): Promise<IteratorResult<Chunk, void>> => {
    while (at >= batch.chunks.length) {
      if (batch.ends) call.settle(batch.ends);
      const result = await batches.next();
      if (result.done) return { done: true, value: undefined };
      batch = result.value;
      at = 0;
    }
    return take();
  };
  // Whoever asks while others wait, waits behind them.
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  const queueUp = async (): Promise<IteratorResult<Chunk, void>> => {
    waiting += 1;
    const turn = last.then(fetchMore, fetchMore);
    last = turn;
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };
  return {
    // What is there is given without a detour: there are many of these.
    next: () => (waiting === 0 && at < batch.chunks.length ? Promise.resolve(take()) : queueUp()),
    async return() {
      batch = { chunks: [] };
      await batches.return();
      return { done: true, value: undefined };
    },
  };
}

function refused<Request, Chunk>(
  call: Call,
  listener: Listener<Request, Chunk>,
  ruling: Ruling,
  outcome: Outcome,
): readonly Chunk[] {
  const { gate, reader } = listener;
  const refusal = refusalFor(call, { ...ruling, outcome });
  listener.noteRefusal(refusal.message);
  // Of a reply that has ended, what was not refused, and what ends the protocol, still leave.
  const isPartial = listener.isEnded && refusal.paths.length > 0;
  const rest = isPartial ? gate.giveUp().flatMap((chunk) => withoutRefused(reader, chunk, refusal)) : [];
  return [...reader.refuse(refusal, isPartial).map(mark), ...withUsage(call, listener, rest)];
}

/** What is left of a chunk, in a list: a chunk may itself be one. */
function withoutRefused<Chunk>(reader: ChunkReader<Chunk>, chunk: Chunk, refusal: Refusal): readonly Chunk[] {
  const left = reader.without(chunk, refusal);
  return left === undefined ? [] : [left];
}

/** The reader of a reply is told what the other attempts used as well. */
function withUsage<Request, Chunk>(
  call: Call,
  { reader, attempt: heard }: Listener<Request, Chunk>,
  chunks: readonly Chunk[],
): readonly Chunk[] {
  const others = call.attempts > 1 ? call.usedBeside(heard) : undefined;
  return others ? chunks.map((chunk) => reader.addUsage(chunk, others)) : chunks;
}

/** The reader of a reply that was released is told of a decision that is more than `allow`. */
function withDecision<Request, Chunk>(
  { reader }: Listener<Request, Chunk>,
  decision: Decision | undefined,
  chunks: readonly Chunk[],
): readonly Chunk[] {
  if (!reader.addDecision || !decision || decision.action === 'allow') return chunks;
  return chunks.map((chunk) => reader.addDecision?.(chunk, decision) ?? chunk);
}

/** Lets everything pass as it comes, and has what passed judged, however it ends. */
function observed<Request, Chunk>(
  call: Call,
  adapter: StreamAdapter<Request, Chunk>,
  request: Request,
  upstream: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  const reader = adapter.openStream(request);
  const lanes = new Map<string, { readonly first: Segment; readonly texts: string[] }>();
  const providerBlocks: string[] = [];
  let usage: Usage | undefined;
  let own: OwnVerdicts | undefined;
  let hasHeard = false;
  let isUnreadable = false;
  const hear = (chunk: Chunk): void => {
    hasHeard = true;
    if (isRefusal(chunk)) return;
    const reading = attempt(() => reader.read(chunk));
    isUnreadable ||= !reading;
    if (reading) call.kind = reading.isSealed ? 'reply' : 'stream';
    usage = reading?.usage ?? usage;
    own = reading?.verdicts ?? own;
    providerBlocks.push(...(reading?.providerBlocks ?? []));
    for (const segment of reading?.segments ?? [])
      getOrAdd(lanes, segment.path, () => ({ first: segment, texts: [] })).texts.push(segment.text ?? '');
  };
  const judge = async (): Promise<void> => {
    call.used(usage);
    await tellProviderBlocks(call, providerBlocks);
    const segments = [...lanes.values()].map(({ first, texts }) =>
      first.text === undefined ? first : asWhole(reader, { ...first, text: texts.join('') }),
    );
    await judgeOutput(call, adapter, request, isUnreadable ? undefined : segments, own);
  };
  async function* pass(): AsyncGenerator<Chunk, void, undefined> {
    try {
      for await (const chunk of withAbort(upstream, call.signal)) {
        hear(chunk);
        yield chunk;
      }
      call.settle('delivered');
    } catch (error) {
      throw call.settleWith(error);
    }
  }
  call.whenSettled(() => {
    if (hasHeard) call.beside(judge());
    else call.tellOwn(undefined);
  });
  return abandonable(call, pass(), upstream, () => reader.isComplete?.() === true);
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
  chunks: AsyncIterator<Chunk, void>,
  upstream?: AsyncIterable<Chunk>,
  isComplete?: () => boolean,
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
      if (!call.isSettled) {
        if (isComplete?.()) call.settle('delivered'); // whoever has all of it need not ask for more
        call.abort(); // frees whatever `next` is waiting for
      }
      return chunks.return?.();
    },
  );
}
