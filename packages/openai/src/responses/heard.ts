import type { Segment } from '@chaperone/core';

/**
 * What a stream has said so far, text by text. Most of it is said twice and more: piece by piece, when it is complete,
 * and with the whole response. Only what is new is judged; what contradicts what was said before is a text of its own.
 */
export class Heard {
  readonly #texts = new Map<string, string>();
  /** Which texts each item has. */
  readonly #ofItem = new Map<string, string[]>();
  /** Texts that contradict what was said at their path. */
  readonly #others = new Map<string, Set<string>>();
  readonly #media = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #isStructured: boolean;

  /** @param isStructured whether text follows a format, so that half of it is of no use */
  constructor(isStructured: boolean) {
    this.#isStructured = isStructured;
  }

  /** A piece of a text. Throws where the text has ended: nobody could tell what a reader makes of both. */
  more(segment: Segment, into: Segment[]): void {
    const { path, text } = segment;
    if (text === undefined) return this.all(segment, into);
    if (this.#ended.has(path)) throw new TypeError('A text goes on after its end.');
    this.#set(path, (this.#texts.get(path) ?? '') + text);
    into.push(this.#placed(segment));
  }

  /** All of a text, as far as it is known at this moment. */
  all(segment: Segment, into: Segment[]): void {
    const { path, text } = segment;
    if (text === undefined) {
      const place = `${path}#${segment.image?.toString() ?? ''}`;
      if (this.#media.has(place)) return;
      this.#media.add(place);
      into.push(segment);
      return;
    }
    const known = this.#texts.get(path);
    if (text === '' || text === known) return;
    if (known === undefined || (text.startsWith(known) && !this.#ended.has(path))) {
      this.#set(path, text);
      into.push(this.#placed({ ...segment, text: text.slice(known?.length ?? 0) }));
      return;
    }
    const others = this.#others.get(path) ?? new Set<string>();
    this.#others.set(path, others);
    if (others.has(text)) return;
    others.add(text);
    into.push(this.#placed({ ...segment, path: `${path}#${others.size}` }));
  }

  /** The texts of an item, which are complete. */
  end(item: string): readonly string[] {
    const texts = [...(this.#ofItem.get(item) ?? [])].filter((each) => !this.#ended.has(each));
    for (const each of texts) this.#ended.add(each);
    return texts;
  }

  #set(path: string, text: string): void {
    if (!this.#texts.has(path)) {
      const item = path.split('.', 1)[0] ?? path;
      const known = this.#ofItem.get(item);
      if (known) known.push(path);
      else this.#ofItem.set(item, [path]);
    }
    this.#texts.set(path, text);
  }

  #placed(segment: Segment): Segment {
    return this.#isStructured && segment.kind === 'text' ? { ...segment, isWhole: true } : segment;
  }
}
