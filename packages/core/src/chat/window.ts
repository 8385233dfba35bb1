import { cutBefore } from '../cut.ts';

/** How streamed text is cut into windows, in characters (UTF-16 code units) and milliseconds. */
export interface WindowSettings {
  /** The first window closes at the first sentence end, or after so many. */
  readonly first: number;
  /** Later ones grow up to so many. */
  readonly size: number;
  /** What stands before a window and is judged with it: never more than the window's own text. */
  readonly context: number;
  /** Text that has waited so long is judged with the sentence that it is in, or after `first` characters; `Infinity`: there is no haste. */
  readonly maxWait: number;
  /** The longest match of those who look for patterns: so much is held back at the end of a window. */
  readonly span: number;
}

/** A stretch of one lane's text that is judged at once. */
export interface Window {
  readonly text: string;
  /** What stands before it and is judged with it. */
  readonly before: string;
  /** Where it begins and ends in the lane's text. */
  readonly start: number;
  readonly end: number;
  /** What may leave once it and all before it are cleared: the rest is judged again with what follows. */
  readonly safe: number;
}

/** Cuts text that comes piece by piece into windows. Borders depend on the text and the clock, never on the pieces. */
export interface WindowCutter {
  /** The windows that a piece closes. `now`: when it came, by `performance.now()`. */
  push(text: string, now: number): readonly Window[];
  /** The window that closes for having waited, if it is time. */
  wait(now: number): readonly Window[];
  /** When `wait` has something to do, unless a push does it before. */
  readonly due: number;
  /** The window that is open when nothing more comes. */
  end(): readonly Window[];
}

/** One window that closes with the text: nothing is released before everything is judged. */
export function wholeText(): WindowCutter {
  const pieces: string[] = [];
  let start = 0;
  return {
    push(text) {
      pieces.push(text);
      return [];
    },
    wait: () => [],
    due: Infinity,
    end() {
      const text = pieces.splice(0).join('');
      const window = { text, before: '', start, end: start + text.length, safe: start + text.length };
      start = window.end;
      return text === '' ? [] : [window];
    },
  };
}

/** A sentence or a line ends here: seen without looking at what follows, so that it is seen at once. */
const SENTENCE_END = /[.!?…؟۔।॥။]["'»”’)\]]{0,5}\s|[。！？｡]|[\n\u2028\u2029]/g;
/** What an end may consist of before the piece that completes it. */
const LONGEST_END = 8;
/** At least so much, and the last word, is held back where a window ends inside a sentence. */
const LEAST_TAIL = 24;
/** What is longer has no spaces between its words. */
const LONGEST_WORD = 40;
/** So that a reply of 1,000 characters is judged at 1.3 times its length, context included. */
const GROWTH = 3;
/** So many sentence ends that have passed, and half of all that are known, are kept before they are forgotten. */
const MANY_PASSED = 64;
const NONE: readonly Window[] = [];
/** How exactly it is known when text came, in milliseconds. */
const GRAIN = 25;

/** Windows that close at sentence ends where there are any, and grow from `first` to `size`. */
export function sentenceWindows({ first, size, context, maxWait, span }: WindowSettings): WindowCutter {
  /** The text from `base` on: the open window, and what may be needed before it. */
  let kept = '';
  let base = 0;
  let start = 0;
  let count = 0;
  /** Sentence ends, in order; those of the open window begin after so many that have passed. */
  let ends: number[] = [];
  let passed = 0;
  /** When text came that still waits: from which place on, and when. */
  let arrivals: { readonly at: number; readonly time: number }[] = [];
  let isImpatient = false;
  let recent = '';

  const length = (): number => base + kept.length;

  /** The first that is kept is that of the oldest text that waits. */
  const forgetArrivals = (): void => {
    if ((arrivals[1]?.at ?? Infinity) > start) return;
    arrivals = arrivals.slice(
      Math.max(
        0,
        arrivals.findLastIndex(({ at }) => at <= start),
      ),
    );
  };

  const close = (end: number, isSentenceEnd: boolean): Window => {
    const text = kept.slice(start - base, end - base);
    const safe = Math.max(safeEnd(end, isSentenceEnd), lastSafe);
    const from = Math.max(base, Math.min(lastSafe, start - Math.min(context, text.length)));
    const window = { text, before: kept.slice(whole(from) - base, start - base), start, end, safe };
    lastSafe = safe;
    start = end;
    count += 1;
    isImpatient = false;
    goal = goalOf();
    while ((ends[passed] ?? Infinity) <= end) passed += 1;
    if (passed > MANY_PASSED && passed * 2 > ends.length) {
      ends = ends.slice(passed);
      passed = 0;
    }
    forgetArrivals();
    const needed = Math.min(safe, start - Math.max(context, LONGEST_END));
    if (needed - base > size) {
      kept = kept.slice(needed - base);
      base = needed;
    }
    return window;
  };
  let lastSafe = 0;

  /** A place that is not inside a surrogate pair. */
  const whole = (at: number): number => {
    const code = kept.charCodeAt(at - base);
    return at > base && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
  };

  const safeEnd = (end: number, isSentenceEnd: boolean): number => {
    const bySpan = span > 0 ? beforeLetters(kept, end - base, span) + base : end;
    if (isSentenceEnd) return bySpan;
    const tail = Math.max(0, end - base - LEAST_TAIL);
    let word = tail;
    while (word > 0 && tail - word < LONGEST_WORD && /\S/.test(kept.charAt(word - 1))) word -= 1;
    return Math.min(bySpan, base + (tail - word < LONGEST_WORD ? word : tail));
  };

  /** How long the open window may grow. */
  const goalOf = (): number =>
    count === 0 || isImpatient ? first : Math.min(size, Math.floor(first * GROWTH ** count));
  let goal = goalOf();

  /** The window that can be closed with what is known, if any. */
  const next = (): Window | undefined => {
    const isHasty = maxWait < Infinity && (count === 0 || isImpatient);
    const early = isHasty ? ends[passed] : undefined;
    if (early !== undefined && early - start <= goal) return close(early, true);
    if (length() - start <= goal) return undefined;
    let end = 0;
    for (let at = passed; (ends[at] ?? Infinity) - start <= goal; at++) end = ends[at] ?? end;
    if (end - start > goal / 2) return close(end, true);
    const slice = kept.slice(start - base, start - base + goal + 1);
    return close(start + cutBefore(slice, goal >> 1, goal), false);
  };

  const all = (): readonly Window[] => {
    let window = next();
    if (!window) return NONE; // as with almost every piece
    const windows: Window[] = [];
    for (; window; window = next()) windows.push(window);
    return windows;
  };

  return {
    push(text, now) {
      if (text === '') return [];
      const latest = arrivals.at(-1);
      if (!latest || now - latest.time >= GRAIN) arrivals.push({ at: length(), time: now });
      forgetArrivals();
      // On these few characters alone, and not on all that is kept: joining that for each piece is what would cost.
      const scanned = recent + text;
      const from = length() - recent.length;
      recent = scanned.slice(-LONGEST_END);
      kept += text;
      SENTENCE_END.lastIndex = 0;
      for (let found = SENTENCE_END.exec(scanned); found; found = SENTENCE_END.exec(scanned)) {
        const end = from + SENTENCE_END.lastIndex;
        if (end > Math.max(ends.at(-1) ?? start, start)) ends.push(end);
      }
      return all();
    },
    get due() {
      const [oldest] = arrivals;
      return oldest && !isImpatient && length() > start ? oldest.time + maxWait : Infinity;
    },
    wait(now) {
      if (now < this.due) return [];
      const end = ends.at(-1);
      if (end !== undefined && end > start) return [close(end, true)];
      isImpatient = true;
      goal = goalOf();
      return all();
    },
    end() {
      return length() > start ? [{ ...close(length(), true), safe: length() }] : [];
    },
  };
}

/**
 * The place that so many characters stand after that count in a match: not marks, white space and what is invisible. Of
 * those there may be many, but not without end: what so much nothing divides nobody reads as one.
 */
function beforeLetters(text: string, end: number, letters: number): number {
  const least = Math.max(0, end - letters * MOST_NOTHING - MOST_NOTHING);
  let at = end;
  for (let left = letters; at > least && left > 0; at--) if (/[^\p{M}\p{Cf}\s]/u.test(text.charAt(at - 1))) left -= 1;
  return at;
}

/** Characters that say nothing, for each that does. */
const MOST_NOTHING = 16;
