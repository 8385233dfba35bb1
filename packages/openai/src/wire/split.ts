import { joinBytes } from './bytes.ts';

const LF = 10;
const CR = 13;

/** Cuts a stream of bytes after each blank line, whatever the line ends (`\n`, `\r\n`, `\r`) and the chunks. */
export class FrameSplitter {
  /** The beginning of a frame whose end has not come yet; joined once, when it has. */
  #parts: Uint8Array[] = [];
  /** Nothing stands in the current line so far. */
  #blank = true;
  /** The last byte was a `\r` that ended a line: a `\n` right after it belongs to it. */
  #afterReturn = false;
  /** The last byte was a `\r` that ended a blank line: the frame ends here, or after the `\n` that belongs to it. */
  #ending = false;

  /** Nothing has begun: the next byte is the first of a frame. */
  get isBetweenFrames(): boolean {
    return this.#parts.length === 0 && this.#blank && !this.#afterReturn && !this.#ending;
  }

  /** The frames that these bytes complete. */
  push(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let start = 0;
    let feed = -1;
    let carriage = -1;
    // Where the line goes on to: most of a stream is the inside of lines.
    const lineEnd = (from: number): number => {
      if (feed < from) feed = find(bytes, LF, from);
      if (carriage < from) carriage = find(bytes, CR, from);
      return Math.min(feed, carriage);
    };
    const cut = (end: number): void => {
      frames.push(this.#take(bytes, start, end));
      start = end;
      this.#blank = true;
      this.#afterReturn = false;
      this.#ending = false;
    };
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (this.#ending) {
        cut(byte === LF ? at + 1 : at);
        if (byte === LF) continue;
      }
      if (byte === LF) {
        if (this.#afterReturn) this.#afterReturn = false;
        else if (this.#blank) cut(at + 1);
        else this.#blank = true;
      } else if (byte === CR) {
        this.#ending = this.#blank;
        this.#afterReturn = !this.#blank;
        this.#blank = true;
      } else {
        this.#blank = false;
        this.#afterReturn = false;
        at = lineEnd(at) - 1;
      }
    }
    if (start < bytes.length) this.#parts.push(start === 0 ? bytes : bytes.subarray(start));
    return frames;
  }

  /** What is left when the bytes end. */
  flush(): Uint8Array | undefined {
    const rest = this.#parts.length > 0 ? this.#take(new Uint8Array(), 0, 0) : undefined;
    this.#blank = true;
    this.#afterReturn = false;
    this.#ending = false;
    return rest;
  }

  #take(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const last = start === 0 && end === bytes.length ? bytes : bytes.slice(start, end);
    if (this.#parts.length === 0) return last;
    const frame = joinBytes([...this.#parts, last]);
    this.#parts = [];
    return frame;
  }
}

function find(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? bytes.length : at;
}
