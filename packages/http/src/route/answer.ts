import { isRefusal } from '@chaperone/core';
import { type Frame, markFrame, readFrames } from '@chaperone/openai';

/** What a handler answered: its head, and its body in pieces. */
export interface HandlerAnswer {
  readonly response: Response;
  /** Which protocol the body is in, as far as its head says. */
  readonly body: 'none' | 'document' | 'events' | 'text' | 'unknown';
  readonly frames: AsyncIterable<Frame>;
}

export function answerOf(response: Response): HandlerAnswer {
  const { body } = response;
  if (!body) return { response, body: 'none', frames: none() };
  const kind = bodyKind(response.headers);
  // A refusal that was written as a whole is known by the response that carries it.
  const marked = isRefusal(response);
  return { response, body: kind, frames: marked ? allMarked(framesOf(body, kind)) : framesOf(body, kind) };
}

function bodyKind(headers: Headers): Exclude<HandlerAnswer['body'], 'none'> {
  const type = headers.get('content-type') ?? '';
  if (headers.has('x-vercel-ai-data-stream')) return 'unknown'; // texts in pieces, each inside of a line of JSON
  if (headers.has('x-vercel-ai-ui-message-stream') || /^text\/event-stream\b/i.test(type)) return 'events';
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return 'document';
  return /^text\//i.test(type) ? 'text' : 'unknown';
}

function framesOf(body: ReadableStream<Uint8Array>, kind: HandlerAnswer['body']): AsyncIterable<Frame> {
  if (kind === 'document') return readFrames(body, 'document');
  return kind === 'events' ? readFrames(body, 'event') : pieces(body);
}

/** Bytes as they come, with the text that they complete. */
function pieces(body: ReadableStream<Uint8Array>): AsyncIterable<Frame> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let isDone = false;
  const frame = (bytes: Uint8Array): Frame => {
    try {
      return { bytes, form: 'event', data: decoder.decode(bytes, { stream: true }), readable: true };
    } catch {
      return { bytes, form: 'event', data: undefined, readable: false };
    }
  };
  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      if (isDone) return { done: true, value: undefined };
      const { done, value } = await reader.read();
      if (done) isDone = true;
      else return { done: false, value: isRefusal(value) ? markFrame(frame(value)) : frame(value) };
      return { done: true, value: undefined };
    },
    async return() {
      isDone = true;
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

function allMarked(frames: AsyncIterable<Frame>): AsyncIterable<Frame> {
  const source = frames[Symbol.asyncIterator]();
  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      const result: IteratorResult<Frame, unknown> = await source.next();
      return result.done === true ? { done: true, value: undefined } : { done: false, value: markFrame(result.value) };
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

function none(): AsyncIterable<Frame> {
  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => ({ done: true, value: undefined }),
  };
  return iterator;
}
