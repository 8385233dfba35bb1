import { canonicalJson } from '../json-text.ts';
import { stringsInReply } from '../prose.ts';
import type { CallOptions } from '../sdk.ts';
import { at, textAt } from '../value.ts';

/** So much of a reply is remembered, in characters: what repeats the rest of it is judged once more. */
const MOST = 1024 * 1024;
/** So many characters of it are looked through for repeats, in all: behind that, any is judged once more. */
const MOST_SEARCHED = 256 * MOST;
/** What it costs to look through a text, however short it is. */
const LEAST = 64;

/** What was read of a reply so far, so that what repeats it is not judged again. */
export class Said {
  readonly #call: CallOptions;
  readonly #pieces = new Set<string>();
  readonly #texts = new Map<string, string>();
  #length = 0;
  #searched = 0;
  #developers: ReadonlySet<string> | undefined;

  constructor(call: CallOptions) {
    this.#call = call;
  }

  /** Adds to what stands in a place. */
  add(path: string, piece: string): void {
    if (this.#length > MOST) return;
    this.#length += piece.length;
    this.#pieces.add(piece);
    this.#texts.set(path, (this.#texts.get(path) ?? '') + piece);
  }

  /** Strings that are judged for themselves, or in another form: they are known as a whole. */
  know(strings: readonly string[]): void {
    for (const each of strings) this.#pieces.add(each);
  }

  /** A file is judged by what its base64 stands for. */
  knowFile(part: unknown): void {
    const data = at(part, 'data');
    const base64 = textAt(data, 'data') ?? data;
    if (typeof base64 === 'string') this.#pieces.add(base64);
  }

  /** Those of the strings that say something else, also than those before them. */
  beside(strings: readonly string[]): readonly string[] {
    const found: string[] = [];
    for (const text of new Set(strings)) if (!this.#repeats(text, found)) found.push(text);
    return found;
  }

  #repeats(text: string, found: readonly string[]): boolean {
    const words = text.trim();
    if (words === '' || this.#pieces.has(text)) return true;
    this.#developers ??= developersStrings(this.#call);
    if (this.#developers.has(text)) return true;
    const forms = [words, JSON.stringify(words).slice(1, -1)]; // as it is, and in JSON
    if (/^[[{]/.test(words)) forms.push(canonicalJson(words));
    for (const texts of [this.#texts.values(), found])
      for (const said of texts) {
        this.#searched += said.length + LEAST;
        if (this.#searched > MOST_SEARCHED) return false;
        if (forms.some((form) => said.includes(form))) return true;
      }
    return false;
  }
}

/** What the developer wrote, and some providers send back with their replies. */
function developersStrings({ prompt, tools, toolChoice, responseFormat, providerOptions }: CallOptions): Set<string> {
  const instructions = prompt.filter(({ role }) => role === 'system');
  return new Set(stringsInReply([instructions, tools, toolChoice, responseFormat, providerOptions]));
}
