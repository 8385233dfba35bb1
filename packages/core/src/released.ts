import type { CompiledPolicy } from './policy/compile.ts';

interface Entry {
  /** Under which rules it was judged. */
  readonly policy: CompiledPolicy;
  text: string;
  /** A guard's own words. */
  readonly isRefusal: boolean;
}

/** Follows one text as it comes, along the texts that a guard has let out. */
export interface Follower {
  /** Takes the next piece; whether all of the text so far is the beginning of something that was let out. */
  follows(piece: string): boolean;
  /** Whether the text so far is, to its end, a guard's own words. */
  readonly isRefusal: boolean;
}

/**
 * What a guard has let out of late, so that a guard around the same call need not judge it again. It is recognised by
 * what it says, to the letter, and under the same rules: nobody can forge that, for whoever sends the same text sends one
 * that was judged. Kept only once somebody has asked for it, in memory alone, and bounded.
 */
export class ReleasedTexts {
  readonly #entries = new Set<Entry>();
  #characters = 0;
  /** Whether anybody recognises what is noted here: else nothing need be. */
  isAsked = false;

  /** Notes a text that may grow. */
  note(policy: CompiledPolicy, text: string, isRefusal = false): (grown: string) => void {
    const entry: Entry = { policy, text: '', isRefusal };
    const grow = (grown: string): void => {
      if (grown.length <= entry.text.length) return;
      if (this.#entries.delete(entry)) this.#characters -= entry.text.length;
      entry.text = grown;
      this.#entries.add(entry); // the latest last
      this.#characters += grown.length;
      this.#forget();
    };
    grow(text);
    return grow;
  }

  follow(policy: CompiledPolicy): Follower {
    let so = '';
    let candidates: Entry[] | undefined;
    return {
      follows: (piece) => {
        const from = so.length;
        so += piece;
        // What has come so far is known of these; others may have grown to it since, so they are looked at once more.
        candidates = candidates?.filter(({ text }) => text.startsWith(piece, from));
        if (!candidates || candidates.length === 0)
          candidates = [...this.#entries].filter((entry) => entry.policy === policy && entry.text.startsWith(so));
        return candidates.length > 0;
      },
      get isRefusal() {
        return candidates?.some(({ text, isRefusal }) => isRefusal && text.length === so.length) ?? false;
      },
    };
  }

  #forget(): void {
    for (const entry of this.#entries) {
      if (this.#entries.size <= MOST_TEXTS && this.#characters <= MOST_CHARACTERS) return;
      this.#entries.delete(entry);
      this.#characters -= entry.text.length;
    }
  }
}

const MOST_TEXTS = 1_024;
const MOST_CHARACTERS = 4 * 1024 * 1024;
