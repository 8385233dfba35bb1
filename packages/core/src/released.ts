import type { SegmentKind } from './chat/segment.ts';
import type { CompiledPolicy } from './policy/compile.ts';

/** What makes the same text the same thing to moderators. */
export interface ReleasedAs {
  /** Under which rules it was judged. */
  readonly policy: CompiledPolicy;
  /** Absent from a guard's own words alone, which are its own wherever they stand. */
  readonly kind?: SegmentKind;
}

interface Entry extends ReleasedAs {
  /** How many were noted before it. */
  readonly order: number;
  text: string;
  /** A guard's own words, to their end. */
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
 * what it says, to the letter, as the same kind and under the same rules, and only if it was let out since that call began:
 * nobody can forge that, for whoever sends the same text sends one that was judged. So nothing may be noted that was not.
 * Kept only once somebody has asked for it, in memory alone, and bounded.
 */
export class ReleasedTexts {
  readonly #entries = new Set<Entry>();
  #characters = 0;
  /** How many were noted so far. */
  count = 0;
  /** Whether anybody recognises what is noted here: else nothing need be. */
  isAsked = false;

  /** Notes a text that may grow. */
  note(as: ReleasedAs, text: string, isRefusal = false): (grown: string) => void {
    const entry: Entry = { ...as, order: this.count, text: '', isRefusal };
    this.count += 1;
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

  /** @param since what was noted before it, by `count`, is not looked at */
  follow({ policy, kind }: ReleasedAs, since: number): Follower {
    const isOne = (entry: Entry): boolean =>
      entry.order >= since && entry.policy === policy && (entry.kind ?? kind) === kind;
    let so = '';
    let candidates: Entry[] | undefined;
    return {
      follows: (piece) => {
        const from = so.length;
        so += piece;
        // What has come so far is known of these; others may have grown to it since, so they are looked at once more.
        candidates = candidates?.filter(({ text }) => text.startsWith(piece, from));
        if (!candidates || candidates.length === 0)
          candidates = [...this.#entries].filter((entry) => isOne(entry) && entry.text.startsWith(so));
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
