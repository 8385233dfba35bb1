/** Whether a character, by its code point or code unit, is one of those that stand at this place of a pattern. */
export type CharacterTest = (character: number) => boolean;

/** Whether something holds between two characters of a text. */
export type PlaceTest = (text: string, at: number) => boolean;

/** What a state of the automaton does. */
export type State =
  | { readonly kind: 'character'; readonly test: CharacterTest; readonly next: number }
  | { readonly kind: 'place'; readonly test: PlaceTest; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }
  | { readonly kind: 'match' };

/**
 * A regular expression as an automaton. It is in several states at once instead of going back, so that it reads each
 * character once: no pattern and no text make it slow.
 */
export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  /** Whether characters are code points, and not code units. */
  readonly byCodePoint: boolean;
}

/** Whether the pattern is found in the text anywhere, so that the match ends behind `from`. */
export function isFound({ states, start, byCodePoint }: Program, text: string, from: number): boolean {
  let active = createSet(states.length);
  let next = createSet(states.length);
  const pending: number[] = [];

  /** Enters a state, and all that can be entered from it without a character; true: that is a match. */
  const enter = (set: StateSet, first: number, at: number): boolean => {
    pending.push(first);
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (!add(set, id)) continue;
      const state = states[id];
      if (state?.kind === 'split') for (const way of state.next) pending.push(way);
      else if (state?.kind === 'place' && state.test(text, at)) pending.push(state.next);
      else if (state?.kind === 'match' && at > from) {
        pending.length = 0;
        return true;
      }
    }
    return false;
  };

  for (let at = 0; at < text.length;) {
    if (enter(active, start, at)) return true;
    const character = byCodePoint ? (text.codePointAt(at) ?? 0) : text.charCodeAt(at);
    at += character > 0xffff ? 2 : 1;
    next.size = 0;
    for (let index = 0; index < active.size; index += 1) {
      const state = states[active.dense[index] ?? 0];
      if (state?.kind === 'character' && state.test(character) && enter(next, state.next, at)) return true;
    }
    [active, next] = [next, active];
  }
  return enter(active, start, text.length);
}

/** A set of states that is emptied at once. */
interface StateSet {
  size: number;
  readonly dense: Int32Array;
  readonly sparse: Int32Array;
}

function createSet(states: number): StateSet {
  return { size: 0, dense: new Int32Array(states), sparse: new Int32Array(states) };
}

/** Whether the state was not in it before. */
function add(set: StateSet, id: number): boolean {
  const place = set.sparse[id] ?? 0;
  if (place < set.size && set.dense[place] === id) return false;
  set.sparse[id] = set.size;
  set.dense[set.size++] = id;
  return true;
}
