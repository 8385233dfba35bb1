import type { Segment } from './segment.ts';
import { wholeText, type Window, type WindowCutter } from './window.ts';

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
  /** It is among those that wait for the clock. */
  isWaiting: boolean;
  /** How far text may leave. */
  cleared: number;
  /** How far it has left. */
  left: number;
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
  /** An open gate does not let it pass. */
  readonly isSealed: boolean;
}

/** How each kind of lane is cut. */
export interface Cutters {
  /** Whether a medium is judged as soon as it is there, or with all the rest. */
  readonly judgesMediaAtOnce: boolean;
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
    isSealed?: boolean,
  ): readonly LaneWindow[];
  /** The windows that close for having waited. */
  wait(now: number): readonly LaneWindow[];
  /** When `wait` has something to do. */
  readonly due: number;
  /** The windows that are open when the stream has ended. */
  end(): readonly LaneWindow[];
  /** Lets everything pass up to the end of a window, once all before it are cleared too. */
  clear(window: LaneWindow): void;
  /** Lets everything of a lane pass that has come so far: it is known from elsewhere. */
  clearLane(path: string): void;
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
  /** Whether anything has left, a medium too. */
  readonly hasLeft: boolean;
  /** What each lane said, of those that are short enough to be remembered. */
  readonly said: readonly Segment[];
  /** What each lane said as far as it is cleared. */
  readonly cleared: readonly Segment[];
  /** What each lane said as far as it has left. */
  readonly left: readonly Segment[];
}

/** Whether all of its text is cleared, and it need not wait for the rest. */
function isFree({ needs, isLast }: Held<unknown>): boolean {
  if (isLast) return false;
  for (const [lane, end] of needs) if (end > lane.cleared) return false;
  return true;
}

/** Whether it says nothing, and leaves with what follows it. */
function isSilent(held: Held<unknown> | undefined): boolean {
  return held !== undefined && held.needs.length === 0 && !held.isLast;
}

/** Longer ones are judged anew when they come back as history. */
const MOST_SAID = 64 * 1024;

export function createGate<Chunk>({ create, createSecond, judgesMediaAtOnce }: Cutters, isOpen: boolean): Gate<Chunk> {
  const lanes = new Map<string, Lane>();
  /** Those of media: a medium has no text that could go on, so that each is a lane of its own. */
  const media: Lane[] = [];
  /** Lanes with text that waits for its window to close, and perhaps some that have none any longer. */
  const waiting = new Set<Lane>();
  /** Whose the windows are that are being judged. */
  const laneOf = new Map<LaneWindow, Lane>();
  const queue: Held<Chunk>[] = [];
  /** How many chunks at the head of the queue say nothing. */
  let silent = 0;
  let held = 0;
  let released = 0;
  let hasLeft = false;
  /** What is sealed passes too: all of the reply was judged. */
  let isUnsealed = false;

  const passes = (each: Held<Chunk>): boolean => (isOpen && (isUnsealed || !each.isSealed)) || isFree(each);
  const saidUpTo = (end: (lane: Lane) => number): readonly Segment[] =>
    [...lanes.values()].flatMap((lane) =>
      lane.said && end(lane) > 0 ? [{ ...lane.first, text: lane.said.slice(0, end(lane)) }] : [],
    );
  const openLane = (first: Segment): Lane => {
    const cutters = { cutter: create(first), second: createSecond(first) };
    const lane: Lane = { first, ...cutters, said: '', length: 0, isWaiting: false, cleared: 0, left: 0, open: [] };
    lanes.set(first.path, lane);
    return lane;
  };
  const placed = (lane: Lane, window: Window, isSecond: boolean): LaneWindow => {
    const placedWindow = { ...window, isSecond, segment: Object.freeze({ ...lane.first, text: window.text }) };
    if (!isSecond) {
      lane.open.push({ window: placedWindow, isCleared: false });
      laneOf.set(placedWindow, lane);
      if (lane.said !== undefined) lane.said = lane.length > MOST_SAID ? undefined : lane.said + window.text;
    }
    return placedWindow;
  };
  const cut = (lane: Lane, by: (cutter: WindowCutter) => readonly Window[]): readonly LaneWindow[] => [
    ...by(lane.cutter).map((window) => placed(lane, window, false)),
    ...(lane.second ? by(lane.second).map((window) => placed(lane, window, true)) : []),
  ];
  const countSilent = (): void => {
    while (isSilent(queue[silent])) silent += 1;
  };
  const take = (count: number): readonly Chunk[] => {
    const taken = queue.splice(0, count);
    silent = 0;
    countSilent();
    hasLeft ||= taken.length > 0;
    return taken.map(({ chunk, size, needs }) => {
      for (const [lane, end] of needs) lane.left = end;
      held -= size;
      released += size;
      return chunk;
    });
  };
  /** A medium has no length: it counts as one character, for it must be judged before it leaves. */
  const holdMedium = (segment: Segment): { readonly lane: Lane; readonly window: LaneWindow } => {
    const window = { text: '', before: '', start: 0, end: 1, safe: 1, isSecond: false, segment };
    const open = [{ window, isCleared: false }];
    const lane: Lane = {
      first: segment,
      cutter: wholeText(),
      second: undefined,
      said: '',
      length: 1,
      isWaiting: false,
      cleared: 0,
      left: 0,
      open,
    };
    media.push(lane);
    laneOf.set(window, lane);
    return { lane, window };
  };

  return {
    hold(chunk, pieces, now, ended, isLast = false, isSealed = false) {
      const needs: (readonly [Lane, number])[] = [];
      const closed: LaneWindow[] = [];
      let size = 0;
      for (const piece of pieces) {
        const { text } = piece;
        const known = lanes.get(piece.path);
        if (text !== undefined) {
          const lane = known ?? openLane(piece);
          size += text.length;
          lane.length += text.length;
          if (text !== '') {
            needs.push([lane, lane.length]);
            if (!lane.isWaiting) waiting.add(lane);
            lane.isWaiting = true;
          }
          for (const window of lane.cutter.push(text, now)) closed.push(placed(lane, window, false));
          if (lane.second) for (const window of lane.second.push(text, now)) closed.push(placed(lane, window, true));
        }
        // An image beside text is judged with the text's first window: a later one is not in it.
        if (text === undefined || (known && piece.image !== undefined)) {
          const { lane, window } = holdMedium(piece);
          needs.push([lane, 1]);
          if (judgesMediaAtOnce) closed.push(window);
        }
      }
      for (const path of ended ?? []) {
        const lane = lanes.get(path);
        if (lane) closed.push(...cut(lane, (cutter) => cutter.end()));
      }
      held += size;
      queue.push({ chunk, size, needs, isLast, isSealed });
      countSilent();
      return closed;
    },
    wait: (now) => [...waiting].flatMap((lane) => cut(lane, (cutter) => cutter.wait(now))),
    get due() {
      let due = Infinity;
      for (const lane of waiting) {
        lane.isWaiting = lane.cutter.due < Infinity;
        if (!lane.isWaiting) waiting.delete(lane);
        due = Math.min(due, lane.cutter.due);
      }
      return due;
    },
    end: () => [
      ...[...lanes.values()].flatMap((lane) => cut(lane, (cutter) => cutter.end())),
      ...(judgesMediaAtOnce ? [] : media.flatMap(({ open }) => open.map(({ window }) => window))),
    ],
    clear(window) {
      const lane = laneOf.get(window);
      laneOf.delete(window);
      const open = lane?.open.find((each) => each.window === window);
      if (!lane || !open) return;
      open.isCleared = true;
      while (lane.open[0]?.isCleared) lane.cleared = Math.max(lane.cleared, lane.open.shift()?.window.safe ?? 0);
    },
    clearLane(path) {
      const lane = lanes.get(path);
      if (lane) lane.cleared = lane.length;
    },
    open() {
      isOpen = true;
      isUnsealed = true;
    },
    leave(isEnded) {
      const blocked = isUnsealed ? -1 : queue.findIndex((each) => !passes(each));
      const free = blocked === -1 ? queue.length : blocked;
      if (isEnded && free === queue.length) return take(free);
      let last = free - 1;
      while (isSilent(queue[last])) last -= 1;
      return last < 0 ? [] : take(last + 1);
    },
    giveUp() {
      silent = 0;
      return queue.splice(0).map(({ chunk }) => chunk);
    },
    get canLeave() {
      const first = queue[silent]; // what says nothing does not leave by itself
      return first !== undefined && passes(first);
    },
    get held() {
      return held;
    },
    get released() {
      return released;
    },
    get hasLeft() {
      return hasLeft;
    },
    get said() {
      return [...lanes.values()].flatMap(({ first, said }) => (said ? [{ ...first, text: said }] : []));
    },
    get cleared() {
      return saidUpTo(({ cleared }) => cleared);
    },
    get left() {
      return saidUpTo(({ left }) => left);
    },
  };
}
