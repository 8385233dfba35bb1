/** A stretch of one lane's text that is judged at once. */
export interface Window {
  readonly text: string;
  /** What stands before it and is judged with it, but not released with it. */
  readonly before: string;
  /** Where it ends in the lane's text: once it is cleared, everything up to here is. */
  readonly end: number;
}

/** Cuts text that comes piece by piece into windows. Borders depend on the text, never on the pieces. */
export interface WindowCutter {
  /** The windows that a piece closes. */
  push(text: string): readonly Window[];
  /** The windows that are open when nothing more comes. */
  end(): readonly Window[];
}

/** One window that closes with the text: nothing is released before everything is judged. */
export function wholeText(): WindowCutter {
  const pieces: string[] = [];
  return {
    push(text) {
      pieces.push(text);
      return [];
    },
    end() {
      const text = pieces.join('');
      return text === '' ? [] : [{ text, before: '', end: text.length }];
    },
  };
}
