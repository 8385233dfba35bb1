import type { Judgement } from '../judge.ts';
import type { Follower } from '../released.ts';
import type { Call } from './call.ts';
import { REFUSAL_BREAK } from './refusal-break.ts';
import type { Segment } from './segment.ts';

interface Known {
  readonly follower: Follower;
  /** How much of the lane came. */
  length: number;
  /** How much of it is known to have been let out by a guard within. */
  known: number;
}

/** A stream's part in what a guard knows of its own releases: it recognises them where it may, and notes its own. */
export class Recognition {
  readonly #call: Call;
  readonly #lanes = new Map<string, Known>();
  readonly #noted = new Map<string, { length: number; readonly grow: (grown: string) => void }>();

  constructor(call: Call) {
    this.#call = call;
  }

  /** Looks at what came, and clears each lane that is known so far. */
  hear(segments: readonly Segment[], clear: (path: string) => void): void {
    if (!this.#call.recognises) return;
    for (const segment of segments) {
      const { path, text, image } = segment;
      if (text === undefined) continue;
      const lane = this.#lane(segment);
      const wasKnown = lane.known === lane.length;
      lane.length += text.length;
      // One that has left the way is judged with all that came before, and looked at no more.
      if (!wasKnown || image !== undefined || !lane.follower.follows(text)) continue;
      lane.known = lane.length;
      clear(path);
    }
  }

  /** Whether all of a lane, up to an end, was let out by a guard within. */
  knows(path: string, end?: number): boolean {
    const lane = this.#lanes.get(path);
    return lane !== undefined && lane.known > 0 && lane.known >= (end ?? lane.length);
  }

  /** Whether a guard within has refused. */
  get isRefusal(): boolean {
    return [...this.#lanes.values()].some(({ follower, known, length }) => known === length && follower.isRefusal);
  }

  /** Notes what was judged and may leave, as long as nothing was found and nothing is unchecked. */
  note(judged: () => readonly Segment[], judgement: Judgement): void {
    const { parts, policy } = this.#call;
    if (!parts.released.isAsked || !judgement.isClean) return;
    for (const { path, kind, text = '' } of judged()) {
      const noted = this.#noted.get(path);
      if (noted) {
        noted.length = text.length;
        noted.grow(text);
      } else this.#noted.set(path, { length: text.length, grow: parts.released.note({ policy, kind }, text) });
    }
  }

  /**
   * Notes the guard's words as they go on after what has left, with a blank line or in a part of their own that an SDK puts
   * right behind: not where that left without being judged.
   */
  noteRefusal(left: readonly Segment[], message: string): void {
    const { parts, policy } = this.#call;
    if (!parts.released.isAsked) return;
    for (const { path, kind, text = '' } of left)
      if ((this.#noted.get(path)?.length ?? 0) >= text.length)
        for (const between of [REFUSAL_BREAK, ''])
          parts.released.note({ policy, kind }, text + between + message, true);
  }

  #lane({ path, kind }: Segment): Known {
    const known = this.#lanes.get(path);
    if (known) return known;
    const { parts, policy, since } = this.#call;
    const lane: Known = { follower: parts.released.follow({ policy, kind }, since), length: 0, known: 0 };
    this.#lanes.set(path, lane);
    return lane;
  }
}
