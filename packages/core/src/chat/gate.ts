import type { Segment } from './segment.ts';
import type { Window, WindowCutter } from './window.ts';

/** A window of one lane, ready to be judged. */
export interface LaneWindow {
  /** What is judged: the lane's segment with the window's text. */
  readonly segment: Segment;
  readonly before: string;
  readonly end: number;
}

interface Lane {
  readonly first: Segment;
  readonly cutter: WindowCutter;
  length: number;
  cleared: number;
}

interface Held<Chunk> {
  readonly chunk: Chunk;
  /** How far each lane that the chunk adds to must be cleared before it may leave. */
  readonly needs: readonly (readonly [lane: Lane, end: number])[];
}

/**
 * Holds the chunks of a stream, in order, each until all of its text is cleared. A lane is the text of one segment:
 * the content of a choice, the arguments of a tool call.
 */
export class Gate<Chunk> {
  readonly #lanes = new Map<string, Lane>();
  readonly #held: Held<Chunk>[] = [];
  readonly #createCutter: () => WindowCutter;

  constructor(createCutter: () => WindowCutter) {
    this.#createCutter = createCutter;
  }

  /** Takes a chunk in, and gives the windows that it closes. */
  hold(chunk: Chunk, pieces: readonly Segment[]): readonly LaneWindow[] {
    const needs: (readonly [Lane, number])[] = [];
    const closed: LaneWindow[] = [];
    for (const piece of pieces) {
      const lane = this.#laneOf(piece);
      const text = piece.text ?? '';
      lane.length += text.length;
      needs.push([lane, lane.length]);
      closed.push(...lane.cutter.push(text).map((window) => placed(lane, window)));
      if (piece.text === undefined) closed.push({ segment: piece, before: '', end: 0 }); // media has no length to wait for
    }
    this.#held.push({ chunk, needs });
    return closed;
  }

  /** The windows that are open when the stream has ended. */
  end(): readonly LaneWindow[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.cutter.end().map((window) => placed(lane, window)));
  }

  /** Lets everything pass up to the end of a window. */
  clear({ segment, end }: LaneWindow): void {
    const lane = this.#lanes.get(segment.path);
    if (lane && end > lane.cleared) lane.cleared = end;
  }

  /** The chunks that may leave now, in the order in which they came. */
  leave(): readonly Chunk[] {
    const blocked = this.#held.findIndex(({ needs }) => needs.some(([lane, end]) => end > lane.cleared));
    return this.#held.splice(0, blocked === -1 ? this.#held.length : blocked).map(({ chunk }) => chunk);
  }

  /** Everything that is still held, cleared or not: for whoever takes the refused parts out. */
  giveUp(): readonly Chunk[] {
    return this.#held.splice(0).map(({ chunk }) => chunk);
  }

  #laneOf(piece: Segment): Lane {
    let lane = this.#lanes.get(piece.path);
    if (!lane) {
      lane = { first: piece, cutter: this.#createCutter(), length: 0, cleared: 0 };
      this.#lanes.set(piece.path, lane);
    }
    return lane;
  }
}

function placed(lane: Lane, { text, before, end }: Window): LaneWindow {
  return { segment: { ...lane.first, text }, before, end };
}
