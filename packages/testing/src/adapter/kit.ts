import type { ChatAdapter } from '@chaperone/core';

/** An adapter, and what it takes to make and to read the values of its protocol. */
export interface AdapterKit<Request, Reply, Chunk> {
  readonly adapter: ChatAdapter<Request, Reply, Chunk>;
  /** A request with these texts as turns: the user's, the assistant's, and so on; the last is the user's. */
  readonly request: (turns: readonly string[]) => Request;
  /** A reply of the model that says this text: a new one at each call. */
  readonly reply: (text: string) => Reply;
  /**
   * A stream of the model that says these pieces one by one, with whatever opens and ends it. A piece may end in the
   * middle of a surrogate pair.
   */
  readonly chunks: (pieces: readonly string[]) => readonly Chunk[];
  /** What somebody who gets this reply would read. */
  readonly textOfReply: (reply: Reply) => string;
  /** What somebody who gets this stream would read. */
  readonly textOfChunks: (chunks: readonly Chunk[]) => string;
  /** Every text that a model would read in this request. */
  readonly textsOfRequest: (request: Request) => readonly string[];
}
