import { getOrAdd } from '../look-up.ts';
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
export interface Gate<Chunk> {
  /** Takes a chunk in, and gives the windows that it closes. */
  hold(chunk: Chunk, pieces: readonly Segment[]): readonly LaneWindow[];
  /** The windows that are open when the stream has ended. */
  end(): readonly LaneWindow[];
  /** Lets everything pass up to the end of a window. */
  clear(window: LaneWindow): void;
  /** The chunks that may leave now, in the order in which they came. */
  leave(): readonly Chunk[];
  /** Everything that is still held, cleared or not: for whoever takes the refused parts out. */
  giveUp(): readonly Chunk[];
}

export function createGate<Chunk>(createCutter: () => WindowCutter): Gate<Chunk> {
  const lanes = new Map<string, Lane>();
  const held: Held<Chunk>[] = [];
  const take = (count?: number): readonly Chunk[] => held.splice(0, count ?? held.length).map(({ chunk }) => chunk);
  return {
    hold(chunk, pieces) {
      const needs: (readonly [Lane, number])[] = [];
      const closed: LaneWindow[] = [];
      for (const piece of pieces) {
        const lane = getOrAdd(lanes, piece.path, () => ({
          first: piece,
          cutter: createCutter(),
          length: 0,
          cleared: 0,
        }));
        const { text = '' } = piece;
        lane.length += text.length;
        needs.push([lane, lane.length]);
        closed.push(...lane.cutter.push(text).map((window) => placed(lane, window)));
        if (piece.text === undefined) closed.push({ segment: piece, before: '', end: 0 }); // media has no length to wait for
      }
      held.push({ chunk, needs });
      return closed;
    },
    end: () => [...lanes.values()].flatMap((lane) => lane.cutter.end().map((window) => placed(lane, window))),
    clear({ segment, end }) {
      const lane = lanes.get(segment.path);
      if (lane && end > lane.cleared) lane.cleared = end;
    },
    leave() {
      const blocked = held.findIndex(({ needs }) => needs.some(([lane, end]) => end > lane.cleared));
      return take(blocked === -1 ? undefined : blocked);
    },
    giveUp: () => take(),
  };
}

function placed(lane: Lane, { text, before, end }: Window): LaneWindow {
  return { segment: { ...lane.first, text }, before, end };
}
