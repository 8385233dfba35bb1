import type { Decision } from '../policy/decision.ts';
import type { Stage } from '../moderation/moderator.ts';
import type { Verdict } from '../moderation/verdict.ts';
import type { Message, Segment, SegmentKind } from './segment.ts';

/**
 * Teaches the guard one protocol. An adapter reads and writes; it holds no decision and starts nothing: the guard owns
 * timing, retry, abort and events. A method that throws has not read: what it was asked for counts as unchecked.
 *
 * @typeParam Request what a call sends
 * @typeParam Reply what comes back at once; compared by identity to recognise another guard's refusal
 * @typeParam Chunk what comes back piece by piece, the smallest unit that is released or held
 */
export interface ChatAdapter<Request, Reply, Chunk> {
  /** The protocol, for messages to developers. */
  readonly name: string;
  /** Every message of the request, in order, with every segment that somebody could judge. */
  readRequest(request: Request): RequestReading;
  /** A copy of the request with each named segment replaced, or undefined where the request may not be rewritten. */
  rewriteRequest(request: Request, edits: readonly Edit[]): Request | undefined;
  /** A copy of the request that tells the model what to do better, or undefined where it may not be rewritten. */
  addFeedback(request: Request, feedback: string): Request | undefined;
  /** Everything in a reply that a reader or a tool could come to see. */
  readReply(reply: Reply): ReplyReading;
  /**
   * The refusal in the protocol's own form. Of a `reply` only the parts that the refusal names are replaced; without
   * one (the input was blocked, or no reply is left) the whole answer is the refusal.
   */
  refuse(request: Request, refusal: Refusal, reply?: Reply): Reply;
  /** Whether the answer to this request may bring verdicts of the provider: a stage that waits for nothing waits for those. */
  bringsVerdicts?(request: Request): boolean;
  /** Whether what a generation failed with is the provider's own refusal of the request, by its content filter. */
  isProviderBlock?(error: unknown): boolean;
  /** A reply whose usage includes that of the attempts before it. */
  addUsage(reply: Reply, usage: Usage): Reply;
  /** Starts reading one streamed reply. */
  openStream(request: Request): ChunkReader<Chunk>;
}

/** An adapter of a protocol that only streams, or of which nothing else is guarded. */
export type StreamAdapter<Request, Chunk> = Pick<
  ChatAdapter<Request, never, Chunk>,
  'name' | 'readRequest' | 'rewriteRequest' | 'isProviderBlock' | 'bringsVerdicts' | 'addFeedback' | 'openStream'
>;

/** Reads the chunks of one streamed reply, in order. */
export interface ChunkReader<Chunk> {
  /** What a chunk adds. A piece continues the segment of the same path. */
  read(chunk: Chunk): ChunkReading;
  /** A segment that came in pieces and is held until it is whole, as it would be read from a reply. Default: as it came. */
  whole?(segment: Segment): Segment;
  /** Told of each chunk that leaves: what has left is what a refusal in the middle of a stream has to close. */
  left?(chunk: Chunk): void;
  /** The chunk without the parts that a refusal replaces, or undefined when nothing is left of it. */
  without(chunk: Chunk, refusal: Refusal): Chunk | undefined;
  /**
   * The refusal as chunks, for the parts that it names, or, before any chunk was read, as a whole stream.
   * @param ended whether the chunks that end the protocol follow; if not, these chunks end it
   */
  refuse(refusal: Refusal, ended: boolean): readonly Chunk[];
  /** Whether nothing of the reply is left when the parts that hold these segments are refused. Default: nothing is. */
  isEverything?(paths: readonly string[]): boolean;
  /** Whether what was read is a whole reply, and not one that was cut off. Default: it is. */
  isComplete?(): boolean;
  /** A chunk whose usage includes that of the attempts before it. */
  addUsage(chunk: Chunk, usage: Usage): Chunk;
  /** A chunk that carries what was decided of the reply that it ends, where that is not `allow`. Default: none does. */
  addDecision?(chunk: Chunk, decision: Decision): Chunk;
}

export interface RequestReading {
  readonly messages: readonly Message[];
  /**
   * The provider acts on the request by itself, before any verdict could stop it (server-side tools, stored
   * conversations): `timing: 'during'` then waits like `'before'`.
   */
  readonly actsAtOnce?: boolean;
}

export interface ReplyReading {
  readonly segments: readonly Segment[];
  readonly usage?: Usage;
  /**
   * What the provider itself found, of all that was asked and of all that it said: it stands for what the moderator of
   * that name would say of text, which is then not asked.
   */
  readonly verdicts?: OwnVerdicts;
  /** Where the provider itself refused: paths of parts that its own content filter took away. */
  readonly providerBlocks?: readonly string[];
}

/** The provider's own verdicts, by stage. */
export type OwnVerdicts = { readonly [S in Stage]?: Verdict };

/** The pieces of a chunk: each carries the text that it adds to the segment of its path. */
export interface ChunkReading extends ReplyReading {
  /** Segments that are complete with this chunk: nothing of them waits any longer for what might follow. */
  readonly ended?: readonly string[];
  /** The chunk leaves when all of the reply was judged: it may hold more than its pieces, or must not leave by itself. */
  readonly isLast?: boolean;
  /** The chunk is a whole reply: it leaves when it was judged, also where text leaves as it comes, and the call is a reply. */
  readonly isSealed?: boolean;
}

/** One segment of a request to be replaced by a placeholder that the protocol allows in its place. */
export interface Edit {
  readonly path: string;
  readonly kind: SegmentKind;
  /** What stands in the place of text. Where text is not allowed (arguments, media) the adapter writes what is. */
  readonly placeholder: string;
}

/** What a refusal says. */
export interface Refusal {
  readonly stage: Stage;
  readonly decision: Decision;
  /** The text for the user. */
  readonly message: string;
  /** `unchecked`: nothing was found, but something could not be checked. */
  readonly cause: 'flagged' | 'unchecked';
  /** The segments that are refused; the parts that hold them are replaced. Empty: everything. */
  readonly paths: readonly string[];
  /** What all generations of this call used so far: nothing was generated if undefined. */
  readonly usage: Usage | 'unknown' | undefined;
}

/** Tokens, as the provider counted them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}
