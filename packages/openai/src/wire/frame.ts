import { createParser } from 'eventsource-parser';
import { type JsonObject, parseJson } from './json.ts';

/** One event of a stream with the bytes that it came in, or, where upstream answered in one piece, the whole answer. */
export interface Frame {
  /** All frames one after the other are the body. */
  readonly bytes: Uint8Array;
  readonly form: 'event' | 'document';
  /** The parsed data. Undefined: there is none (a comment, a blank line, `[DONE]`), or nobody can read it. */
  readonly data: unknown;
  readonly readable: boolean;
}

const encoder = new TextEncoder();
const PLAIN = 'data: ';
const LF = 10;

/**
 * A frame that carries an object, in the form of another.
 * @param name the event's, where the protocol names them
 */
export function writeFrame(data: JsonObject, form: Frame['form'], name?: string): Frame {
  const json = JSON.stringify(data);
  const bytes = encoder.encode(
    form === 'event' ? `${name === undefined ? '' : `event: ${name}\n`}data: ${json}\n\n` : json,
  );
  return { bytes, form, data, readable: true };
}

/** The frame that ends a stream. */
export function endFrame(): Frame {
  return { bytes: encoder.encode('data: [DONE]\n\n'), form: 'event', data: undefined, readable: true };
}

/** Reads a whole answer. */
export function readDocument(bytes: Uint8Array): Frame {
  const data = parseJson(new TextDecoder().decode(bytes));
  return { bytes, form: 'document', data, readable: data !== undefined };
}

/** Reads the events of one stream. */
export interface FrameReader {
  /** One frame. */
  read(bytes: Uint8Array): Frame;
  /** Bytes that are a whole frame of one line, as almost every chunk of a stream is; undefined where they are not. */
  readPlain(bytes: Uint8Array): Frame | undefined;
}

export function createFrameReader(): FrameReader {
  const decoder = new TextDecoder();
  let data: string | undefined;
  let readable = true;
  const parser = createParser({
    onEvent(event) {
      data = event.data;
    },
    onError() {
      readable = false; // a line that is no field: text that a lenient client might show
    },
  });
  const frameOf = (bytes: Uint8Array): Frame => {
    if (data === undefined || data === '' || data === '[DONE]')
      return { bytes, form: 'event', data: undefined, readable };
    const parsed = parseJson(data);
    return { bytes, form: 'event', data: parsed, readable: readable && parsed !== undefined };
  };
  return {
    readPlain(bytes) {
      if (bytes[bytes.length - 1] !== LF || bytes[bytes.length - 2] !== LF) return undefined;
      const text = decoder.decode(bytes);
      if (!isPlain(text)) return undefined;
      data = text.slice(PLAIN.length, -2);
      readable = true;
      return frameOf(bytes);
    },
    read(bytes) {
      data = undefined;
      readable = true;
      // At once, or the parser drops what is no field unsaid. A body that was cut off has no blank line at its end.
      parser.feed(`${decoder.decode(bytes)}\n\n`);
      parser.reset();
      return frameOf(bytes);
    },
  };
}

/** A single line of data: what a parser would make of it needs none. */
function isPlain(text: string): boolean {
  return text.startsWith(PLAIN) && text.indexOf('\n') === text.length - 2 && !text.includes('\r');
}
