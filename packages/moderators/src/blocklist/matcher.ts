/** Whether a found stretch counts. */
type Accept = (start: number, end: number) => boolean;

/** Whether any of the terms stands in the text where `accept` agrees. */
export type Matcher = (text: string, accept: Accept) => boolean;

interface State {
  readonly next: Map<number, State>;
  /** How many code units the term that ends here has; 0 where none does. */
  term: number;
  /** The longest other state that what was read so far may also be in. */
  fallback: State | undefined;
  /** The nearest state on the way of fallbacks where a shorter term ends. */
  shorter: State | undefined;
}

/**
 * The automaton of Aho and Corasick: it reads each character of the text once, however many terms there are. One regular
 * expression of all terms is as fast on V8, which makes a tree of it, but tries term after term on other engines.
 */
export function createMatcher(terms: Iterable<string>): Matcher {
  const root = createState();
  for (const term of terms) insert(root, term);
  link(root);
  return (text, accept) => {
    let state = root;
    for (let index = 0; index < text.length; index += 1) {
      state = step(state, text.charCodeAt(index), root);
      const end = index + 1;
      for (let hit = state.term > 0 ? state : state.shorter; hit !== undefined; hit = hit.shorter)
        if (accept(end - hit.term, end)) return true;
    }
    return false;
  };
}

function createState(): State {
  return { next: new Map(), term: 0, fallback: undefined, shorter: undefined };
}

function insert(root: State, term: string): void {
  let state = root;
  for (let index = 0; index < term.length; index += 1) {
    const unit = term.charCodeAt(index);
    const known = state.next.get(unit);
    const next = known ?? createState();
    if (known === undefined) state.next.set(unit, next);
    state = next;
  }
  state.term = term.length;
}

/** Breadth first: a fallback is always nearer to the root than what falls back to it. */
function link(root: State): void {
  const queue = [root];
  for (const state of queue)
    for (const [unit, next] of state.next) {
      next.fallback = state === root ? root : step(state.fallback ?? root, unit, root);
      next.shorter = next.fallback.term > 0 ? next.fallback : next.fallback.shorter;
      queue.push(next);
    }
}

function step(from: State, unit: number, root: State): State {
  for (let state: State | undefined = from; state !== undefined; state = state.fallback) {
    const next = state.next.get(unit);
    if (next !== undefined) return next;
  }
  return root;
}
