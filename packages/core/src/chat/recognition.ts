import type { Judgement } from '../judge.ts';
import type { Follower } from '../released.ts';
import type { Call } from './call.ts';
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
  readonly #noted = new Map<string, (grown: string) => void>();

  constructor(call: Call) {
    this.#call = call;
  }

  /** Looks at what came, and clears each lane that is known so far. */
  hear(segments: readonly Segment[], clear: (path: string) => void): void {
    if (!this.#call.recognises) return;
    for (const { path, text } of segments) {
      if (text === undefined) continue;
      const lane = this.#lane(path);
      const wasKnown = lane.known === lane.length;
      lane.length += text.length;
      // One that has left the way is judged with all that came before, and looked at no more.
      if (!wasKnown || !lane.follower.follows(text)) continue;
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

  /** Notes what may leave, as long as nothing was found and nothing is unchecked. */
  note(cleared: () => readonly Segment[], judgement: Judgement): void {
    const { parts, policy } = this.#call;
    if (!parts.released.isAsked || !judgement.isClean) return;
    for (const { path, text = '' } of cleared()) {
      const grow = this.#noted.get(path);
      if (grow) grow(text);
      else this.#noted.set(path, parts.released.note(policy, text));
    }
  }

  noteRefusal(left: readonly Segment[], message: string): void {
    const { parts, policy } = this.#call;
    if (parts.released.isAsked) for (const { text = '' } of left) parts.released.note(policy, text + message, true);
  }

  #lane(path: string): Known {
    const known = this.#lanes.get(path);
    if (known) return known;
    const lane: Known = { follower: this.#call.parts.released.follow(this.#call.policy), length: 0, known: 0 };
    this.#lanes.set(path, lane);
    return lane;
  }
}
