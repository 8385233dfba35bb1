import type { ChatAdapter } from './chat/adapter.ts';
import type { Message, Segment } from './chat/segment.ts';
import type { Events, Listener } from './events.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import type { Decision } from './policy/decision.ts';

export interface CallOptions {
  readonly context?: CallContext;
  readonly signal?: AbortSignal;
}
/** What a guarded call brought. */
export interface Guarded<Reply, C extends string = string> {
  /** The reply, or the refusal in its place. */
  readonly reply: Reply;
  readonly delivery: 'delivered' | 'refused';
  /** Absent where nothing waited for it (`log()`). */
  readonly input?: Decision<C>;
  readonly output?: Decision<C>;
}
/** What a guarded streamed call brought, before the first chunk. */
export interface GuardedStream<Chunk, C extends string = string> {
  readonly stream: AsyncIterable<Chunk>;
  /** `refused`: the stream is a refusal of the input. */
  readonly delivery: 'open' | 'refused';
  readonly input?: Decision<C>;
}
export type Generate<Request, Result> = (
  request: Request,
  options: { readonly signal: AbortSignal; readonly attempt: number },
) => Promise<Result>;

export interface Guard<C extends string = string> {
  on<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): () => void;
  once<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): () => void;
  off<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): void;
  check(
    content: string | readonly Segment[] | readonly Message[],
    options?: CallOptions & { readonly stage?: Stage },
  ): Promise<Decision<C>>;
  with(context: CallContext): Guard<C>;
  idle(): Promise<void>;
  reply<Request, Reply, Chunk>(
    adapter: ChatAdapter<Request, Reply, Chunk>,
    request: Request,
    generate: Generate<Request, Reply>,
    options?: CallOptions,
  ): Promise<Guarded<Reply, C>>;
  stream<Request, Reply, Chunk>(
    adapter: ChatAdapter<Request, Reply, Chunk>,
    request: Request,
    generate: Generate<Request, AsyncIterable<Chunk>>,
    options?: CallOptions,
  ): Promise<GuardedStream<Chunk, C>>;
}
