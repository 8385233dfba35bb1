import type { Events, Generate, Guard } from '@chaperone/core';
import assert from 'node:assert/strict';
import type { AdapterKit, StreamKit } from './kit.ts';
import { unreadable, type Unreadable, unreadableStream } from './unreadable.ts';

/** A call to be played through guards. */
export interface Play<Request> {
  /** Outermost first. */
  readonly guards: readonly Guard[];
  readonly request: Request;
  /** What the model says, a list of pieces for each generation. */
  readonly answers: readonly (readonly string[])[];
  /** What the adapter is kept from reading. Default: nothing. */
  readonly unreadable?: Unreadable;
}

/** What came of it. */
export interface Played<Request> {
  /** What the model sent, a list for each generation. */
  readonly sent: readonly (readonly unknown[])[];
  /** What the caller got: one reply, or the chunks of a stream. */
  readonly received: readonly unknown[];
  /** The text of what the caller got, as the kit reads it, and as the adapter does. */
  readonly text: string;
  readonly read: string;
  /** The requests that reached the model. */
  readonly requests: readonly Request[];
  /** The one `settled` of each guard, outermost first. */
  readonly settled: readonly Events['settled'][];
  /** How often `flagged` was told, by each guard. */
  readonly flagged: readonly number[];
}

/** One of the two ways that a reply can come; what is promised is the same. */
export interface Way<Request> {
  readonly name: 'whole reply' | 'stream';
  play(play: Play<Request>): Promise<Played<Request>>;
}

export function wholeReply<Request, Reply, Chunk>(kit: AdapterKit<Request, Reply, Chunk>): Way<Request> {
  return {
    name: 'whole reply',
    play(play) {
      const adapter = play.unreadable ? unreadable(kit.adapter, play.unreadable) : kit.adapter;
      const replies = play.answers.map((pieces) => kit.reply(pieces.join('')));
      return observe(
        play,
        replies.map((reply) => ({ parts: [reply], result: () => reply })),
        (guard, generate) => async (request, options) =>
          (await guard.reply(adapter, request, generate, { signal: options.signal })).reply,
        (reply) =>
          Promise.resolve({
            received: [reply],
            text: kit.textOfReply(reply),
            read: textsOf(kit.adapter.readReply(reply)).join(''),
          }),
      );
    },
  };
}

export function streamed<Request, Chunk>(kit: StreamKit<Request, Chunk>): Way<Request> {
  return {
    name: 'stream',
    play(play) {
      const adapter = play.unreadable ? unreadableStream(kit.adapter, play.unreadable) : kit.adapter;
      const streams = play.answers.map((pieces) => kit.chunks(pieces));
      return observe(
        play,
        streams.map((parts) => ({ parts, result: () => oneByOne(parts) })),
        (guard, generate) => async (request, options) =>
          (await guard.stream(adapter, request, generate, { signal: options.signal })).stream,
        async (chunks) => {
          const received: Chunk[] = [];
          for await (const chunk of chunks) received.push(chunk);
          const reader = kit.adapter.openStream(play.request);
          return {
            received,
            text: kit.textOfChunks(received),
            read: received.flatMap((chunk) => textsOf(reader.read(chunk))).join(''),
          };
        },
      );
    },
  };
}

/** What the model sends in one generation: its parts, and the whole as `generate` returns it. */
interface Sent<Result> {
  readonly parts: readonly unknown[];
  readonly result: () => Result;
}

async function observe<Request, Result>(
  { guards, request }: Play<Request>,
  sent: readonly Sent<Result>[],
  guarded: (guard: Guard, generate: Generate<Request, Result>) => Generate<Request, Result>,
  receive: (result: Result) => Promise<Pick<Played<Request>, 'received' | 'text' | 'read'>>,
): Promise<Played<Request>> {
  const watched = guards.map(watch);
  const requests: Request[] = [];
  const model: Generate<Request, Result> = async (seen) => {
    const answer = sent[requests.length];
    requests.push(seen);
    assert.ok(answer, `the model was asked ${requests.length} times, and has ${sent.length} answers`);
    return answer.result();
  };
  const call = guards.reduceRight((generate, guard) => guarded(guard, generate), model);
  const brought = await call(request, { signal: new AbortController().signal, attempt: 1 }).then(receive);
  await Promise.all(guards.map((guard) => guard.idle()));
  const settled = watched.map((events) => {
    const [first] = events.settled;
    assert.ok(first && events.settled.length === 1, `a call settled ${events.settled.length} times instead of once`);
    return first;
  });
  return {
    sent: sent.map(({ parts }) => parts),
    ...brought,
    requests,
    settled,
    flagged: watched.map(({ flagged }) => flagged.length),
  };
}

function watch(guard: Guard): { readonly settled: Events['settled'][]; readonly flagged: Events['flagged'][] } {
  const events: ReturnType<typeof watch> = { settled: [], flagged: [] };
  guard.on('settled', (event) => events.settled.push(event));
  guard.on('flagged', (event) => events.flagged.push(event));
  return events;
}

function textsOf({ segments }: { readonly segments: readonly { readonly text?: string }[] }): readonly string[] {
  return segments.map(({ text }) => text ?? '');
}

async function* oneByOne<Chunk>(chunks: readonly Chunk[]): AsyncIterable<Chunk> {
  for (const chunk of chunks) {
    await Promise.resolve(); // chunks come one at a time, never all in one turn of the event loop
    yield chunk;
  }
}
