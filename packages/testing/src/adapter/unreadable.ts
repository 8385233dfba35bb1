import type { ChatAdapter, StreamAdapter } from '@chaperone/core';

/** What an adapter cannot read. */
export type Unreadable = 'request' | 'reply';

/** The same adapter, unable to read requests, or to read replies and chunks. */
export function unreadable<Request, Reply, Chunk>(
  adapter: ChatAdapter<Request, Reply, Chunk>,
  what: Unreadable,
): ChatAdapter<Request, Reply, Chunk> {
  return {
    ...unreadableStream(adapter, what),
    readReply: what === 'reply' ? fail : (reply) => adapter.readReply(reply),
    refuse: (request, refusal, reply) => adapter.refuse(request, refusal, reply),
    addUsage: (reply, usage) => adapter.addUsage(reply, usage),
  };
}

/** The same of an adapter that knows streams alone. */
export function unreadableStream<Request, Chunk>(
  adapter: StreamAdapter<Request, Chunk>,
  what: Unreadable,
): StreamAdapter<Request, Chunk> {
  // Method by method: an adapter may be of a class, and its private members do not survive a spread.
  return {
    name: adapter.name,
    readRequest: what === 'request' ? fail : (request) => adapter.readRequest(request),
    rewriteRequest: (request, edits) => adapter.rewriteRequest(request, edits),
    addFeedback: (request, feedback) => adapter.addFeedback(request, feedback),
    openStream(request) {
      const reader = adapter.openStream(request);
      return {
        read: what === 'reply' ? fail : (chunk) => reader.read(chunk),
        without: (chunk, refusal) => reader.without(chunk, refusal),
        refuse: (refusal, ended) => reader.refuse(refusal, ended),
        addUsage: (chunk, usage) => reader.addUsage(chunk, usage),
      };
    },
  };
}

function fail(): never {
  throw new TypeError('This protocol is not understood.');
}
