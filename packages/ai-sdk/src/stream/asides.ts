import type { ChunkReading, Segment } from '@chaperone/core';
import { eachInReply } from '../prose.ts';
import { asidesIn } from '../reply/asides.ts';
import { Said } from '../reply/said.ts';
import type { CallOptions, StreamPart } from '../sdk.ts';
import { proseOfError } from './error-prose.ts';
import { BROKEN_OFF } from './readable.ts';

/** What is said beside the content of one stream, part by part. */
export class Asides {
  readonly #said: Said;
  /** What the provider's own events say, by place: what of it no part has said by the end is judged then, as a whole. */
  readonly #raw = new Map<string, string>();
  #count = 0;

  constructor(call: CallOptions) {
    this.#said = new Said(call);
  }

  /** The reading of a part, with what it says beside. */
  with(part: StreamPart, reading: ChunkReading): ChunkReading {
    for (const { path, text } of reading.segments) if (text !== undefined) this.#said.add(path, text);
    if ((part.type === 'text-delta' || part.type === 'reasoning-delta') && part.providerMetadata === undefined)
      return reading; // as with almost every part
    this.#said.knowFile(part);
    const beside = this.#said.beside(this.#stringsIn(part));
    if (beside.length === 0) return reading;
    const path = `providerMetadata[${this.#count++}]`;
    const text = beside.join('\n');
    const segment: Segment = { kind: 'text', role: 'assistant', path, text };
    this.#said.know(beside);
    return { ...reading, segments: [...reading.segments, segment], ended: [...(reading.ended ?? []), path] };
  }

  #stringsIn(part: StreamPart): readonly string[] {
    switch (part.type) {
      case 'raw':
        if (part === BROKEN_OFF) return [...this.#raw.values()];
        eachInReply(part.rawValue, (text, place) => this.#raw.set(place, (this.#raw.get(place) ?? '') + text));
        return [];
      case 'finish':
        return [...this.#raw.values(), ...asidesIn(part)];
      case 'error':
        return proseOfError(part.error);
      default:
        return asidesIn(part);
    }
  }
}
