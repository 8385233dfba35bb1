import type { ChatAdapter } from '@chaperone/core';

/** The same adapter, unable to read requests, or to read replies and chunks. */
export function unreadable<Request, Reply, Chunk>(
  adapter: ChatAdapter<Request, Reply, Chunk>,
  what: 'request' | 'reply',
): ChatAdapter<Request, Reply, Chunk> {
  const fail = (): never => {
    throw new TypeError('This protocol is not understood.');
  };
  // Method by method: an adapter may be of a class, and its private members do not survive a spread.
  return {
    name: adapter.name,
    readRequest: what === 'request' ? fail : (request) => adapter.readRequest(request),
    rewriteRequest: (request, edits) => adapter.rewriteRequest(request, edits),
    addFeedback: (request, feedback) => adapter.addFeedback(request, feedback),
    readReply: what === 'reply' ? fail : (reply) => adapter.readReply(reply),
    refuse: (request, refusal, reply) => adapter.refuse(request, refusal, reply),
    addUsage: (reply, usage) => adapter.addUsage(reply, usage),
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
