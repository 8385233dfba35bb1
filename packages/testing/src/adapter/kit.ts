import type { ChatAdapter, HistoryAdapter, StreamAdapter } from '@chaperone/core';

/** What reads chats, and what it takes to make and to read one. */
export interface HistoryKit<Request> {
  readonly adapter: HistoryAdapter<Request>;
  /** A request with these texts as turns: the user's, the assistant's, and so on; the last is the user's. */
  readonly request: (turns: readonly string[]) => Request;
  /** Every text that a model would read in this request. */
  readonly textsOfRequest: (request: Request) => readonly string[];
}

/** An adapter of a protocol that only streams, and what it takes to make and to read the values of it. */
export interface StreamKit<Request, Chunk> extends HistoryKit<Request> {
  readonly adapter: StreamAdapter<Request, Chunk>;
  /**
   * A stream of the model that says these pieces one by one, with whatever opens and ends it. A piece may end in the
   * middle of a surrogate pair.
   */
  readonly chunks: (pieces: readonly string[]) => readonly Chunk[];
  /** What somebody who gets this stream would read; parts that are shown apart stand on lines of their own. */
  readonly textOfChunks: (chunks: readonly Chunk[]) => string;
}

/** An adapter, and what it takes to make and to read the values of its protocol. */
export interface AdapterKit<Request, Reply, Chunk> extends StreamKit<Request, Chunk> {
  readonly adapter: ChatAdapter<Request, Reply, Chunk>;
  /** A reply of the model that says this text: a new one at each call. */
  readonly reply: (text: string) => Reply;
  /** What somebody who gets this reply would read. */
  readonly textOfReply: (reply: Reply) => string;
}
