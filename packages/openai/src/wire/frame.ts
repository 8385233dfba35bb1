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
const LINE_END = /[\r\n]/;

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
export function createFrameReader(): (bytes: Uint8Array) => Frame {
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
  return (bytes) => {
    const text = decoder.decode(bytes);
    // Almost every event is a single line of data: what a parser would make of it needs none.
    const isPlain = text.startsWith(PLAIN) && text.search(LINE_END) === text.length - 2 && text.endsWith('\n\n');
    data = isPlain ? text.slice(PLAIN.length, -2) : undefined;
    readable = true;
    // At once, or the parser drops what is no field unsaid. A body that was cut off has no blank line at its end.
    if (!isPlain) {
      parser.feed(`${text}\n\n`);
      parser.reset();
    }
    if (data === undefined || data === '' || data === '[DONE]')
      return { bytes, form: 'event', data: undefined, readable };
    const parsed = parseJson(data);
    return { bytes, form: 'event', data: parsed, readable: readable && parsed !== undefined };
  };
}
