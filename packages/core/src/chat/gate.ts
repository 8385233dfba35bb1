import type { Segment } from './segment.ts';
import type { Window, WindowCutter } from './window.ts';

/** A window of one lane, ready to be judged. */
export interface LaneWindow extends Window {
  /** What is judged: the lane's segment with the window's text. */
  readonly segment: Segment;
  /** It was judged before, in parts: nothing waits for it but the end. */
  readonly isSecond: boolean;
}

interface Lane {
  readonly first: Segment;
  readonly cutter: WindowCutter;
  /** Judges the lane a second time, in longer stretches. */
  readonly second: WindowCutter | undefined;
  /** What was said, as far as it is worth remembering. */
  said: string | undefined;
  length: number;
  /** How far text may leave. */
  cleared: number;
  /** Windows that close and were not cleared yet, in order, each with whether it was. */
  readonly open: { readonly window: LaneWindow; isCleared: boolean }[];
}

interface Held<Chunk> {
  readonly chunk: Chunk;
  /** The characters that it adds. */
  readonly size: number;
  /** How far each lane that the chunk adds to must be cleared before it may leave. */
  readonly needs: readonly (readonly [lane: Lane, end: number])[];
  /** It leaves when everything may. */
  readonly isLast: boolean;
}

/** How each kind of lane is cut. */
export interface Cutters {
  readonly create: (segment: Segment) => WindowCutter;
  readonly createSecond: (segment: Segment) => WindowCutter | undefined;
}

/**
 * Holds the chunks of a stream, in order, each until all of its text is cleared. A lane is the text of one segment:
 * the content of a choice, the arguments of a tool call.
 */
export interface Gate<Chunk> {
  /** Takes a chunk in, and gives the windows that it closes. */
  hold(
    chunk: Chunk,
    pieces: readonly Segment[],
    now: number,
    ended?: readonly string[],
    isLast?: boolean,
  ): readonly LaneWindow[];
  /** The windows that close for having waited. */
  wait(now: number): readonly LaneWindow[];
  /** When `wait` has something to do. */
  readonly due: number;
  /** The windows that are open when the stream has ended. */
  end(): readonly LaneWindow[];
  /** Lets everything pass up to the end of a window, once all before it are cleared too. */
  clear(window: LaneWindow): void;
  /** Lets everything pass, cleared or not. */
  open(): void;
  /**
   * The chunks that may leave now, in the order in which they came. What says nothing leaves with what follows it, so that
   * a stream neither begins before its first words nor ends before it is known to.
   */
  leave(isEnded: boolean): readonly Chunk[];
  /** Everything that is still held, cleared or not: for whoever takes the refused parts out. */
  giveUp(): readonly Chunk[];
  /** Whether something could leave now. */
  readonly canLeave: boolean;
  /** Characters that are held. */
  readonly held: number;
  /** Characters that have left. */
  readonly released: number;
  /** What each lane said, of those that are short enough to be remembered. */
  readonly said: readonly Segment[];
}

/** Whether all of its text is cleared, and it need not wait for the rest. */
function isFree({ needs, isLast }: Held<unknown>): boolean {
  if (isLast) return false;
  for (const [lane, end] of needs) if (end > lane.cleared) return false;
  return true;
}

/** Longer ones are judged anew when they come back as history. */
const MOST_SAID = 64 * 1024;

export function createGate<Chunk>({ create, createSecond }: Cutters, isOpen: boolean): Gate<Chunk> {
  const lanes = new Map<string, Lane>();
  const queue: Held<Chunk>[] = [];
  let held = 0;
  let released = 0;

  const openLane = (first: Segment): Lane => {
    const cutters = { cutter: create(first), second: createSecond(first) };
    const lane: Lane = { first, ...cutters, said: '', length: 0, cleared: 0, open: [] };
    lanes.set(first.path, lane);
    return lane;
  };
  const placed = (lane: Lane, window: Window, isSecond: boolean): LaneWindow => {
    const placedWindow = { ...window, isSecond, segment: Object.freeze({ ...lane.first, text: window.text }) };
    if (!isSecond) {
      lane.open.push({ window: placedWindow, isCleared: false });
      if (lane.said !== undefined) lane.said = lane.length > MOST_SAID ? undefined : lane.said + window.text;
    }
    return placedWindow;
  };
  const cut = (lane: Lane, by: (cutter: WindowCutter) => readonly Window[]): readonly LaneWindow[] => [
    ...by(lane.cutter).map((window) => placed(lane, window, false)),
    ...(lane.second ? by(lane.second).map((window) => placed(lane, window, true)) : []),
  ];
  const cutAll = (by: (cutter: WindowCutter) => readonly Window[]): readonly LaneWindow[] =>
    [...lanes.values()].flatMap((lane) => cut(lane, by));
  const take = (count: number): readonly Chunk[] =>
    queue.splice(0, count).map(({ chunk, size }) => {
      held -= size;
      released += size;
      return chunk;
    });

  return {
    hold(chunk, pieces, now, ended, isLast = false) {
      const needs: (readonly [Lane, number])[] = [];
      const closed: LaneWindow[] = [];
      let size = 0;
      for (const piece of pieces) {
        const lane = lanes.get(piece.path) ?? openLane(piece);
        const { text = '' } = piece;
        size += text.length;
        lane.length += text.length;
        if (text !== '') needs.push([lane, lane.length]);
        for (const window of lane.cutter.push(text, now)) closed.push(placed(lane, window, false));
        if (lane.second) for (const window of lane.second.push(text, now)) closed.push(placed(lane, window, true));
        if (piece.text === undefined) {
          // Media has no length: it counts as one character more, for it must be judged before it leaves.
          lane.length += 1;
          needs.push([lane, lane.length]);
          const { length: end } = lane;
          const window = { text: '', before: '', start: end - 1, end, safe: end, isSecond: false, segment: piece };
          lane.open.push({ window, isCleared: false });
          closed.push(window);
        }
      }
      for (const path of ended ?? []) {
        const lane = lanes.get(path);
        if (lane) closed.push(...cut(lane, (cutter) => cutter.end()));
      }
      held += size;
      queue.push({ chunk, size, needs, isLast });
      return closed;
    },
    wait: (now) => cutAll((cutter) => cutter.wait(now)),
    get due() {
      let due = Infinity;
      for (const { cutter } of lanes.values()) due = Math.min(due, cutter.due);
      return due;
    },
    end: () => cutAll((cutter) => cutter.end()),
    clear(window) {
      const lane = lanes.get(window.segment.path);
      const open = lane?.open.find((each) => each.window === window);
      if (!lane || !open) return;
      open.isCleared = true;
      while (lane.open[0]?.isCleared) lane.cleared = Math.max(lane.cleared, lane.open.shift()?.window.safe ?? 0);
    },
    open() {
      isOpen = true;
    },
    leave(isEnded) {
      const blocked = isOpen ? -1 : queue.findIndex((each) => !isFree(each));
      const free = blocked === -1 ? queue.length : blocked;
      if (free === 0) return [];
      if (isEnded && free === queue.length) return take(free);
      return take(queue.findLastIndex(({ needs }, index) => index < free && needs.length > 0) + 1);
    },
    giveUp: () => queue.splice(0).map(({ chunk }) => chunk),
    get canLeave() {
      return isOpen || (queue[0] !== undefined && isFree(queue[0]));
    },
    get held() {
      return held;
    },
    get released() {
      return released;
    },
    get said() {
      return [...lanes.values()].flatMap(({ first, said }) => (said ? [{ ...first, text: said }] : []));
    },
  };
}
