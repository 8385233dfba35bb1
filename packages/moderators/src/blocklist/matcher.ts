/** Whether a found stretch counts. */
type Accept = (start: number, end: number) => boolean;

/** Whether any of the terms stands in the text where `accept` agrees. */
export type Matcher = (text: string, accept: Accept) => boolean;

/** The state in which nothing was read. */
const ROOT = 0;
/** No state is followed by the root, so its number says that there is none. */
const NONE = ROOT;

/** What follows each state, by code unit: one open table for all, since a map for each state takes ten times the memory. */
interface Edges {
  readonly from: Int32Array;
  readonly unit: Uint16Array;
  readonly to: Int32Array;
  readonly mask: number;
}

/**
 * The automaton of Aho and Corasick: it reads each character of the text once, however many terms there are. One regular
 * expression of all terms is as fast on V8, which makes a tree of it, but tries term after term on other engines.
 */
export function createMatcher(terms: Iterable<string>): Matcher {
  const all = [...terms];
  const most = all.reduce((sum, term) => sum + term.length, 1);
  const edges = createEdges(most);
  const parent = new Int32Array(most);
  const unit = new Uint16Array(most);
  const depth = new Int32Array(most);
  /** How many code units the term that ends here has; 0 where none does. */
  const term = new Int32Array(most);
  let states = 1;

  for (const each of all) {
    let state = ROOT;
    for (let index = 0; index < each.length; index += 1) {
      const next = each.charCodeAt(index);
      const slot = slotOf(edges, state, next);
      if (edges.to[slot] === NONE) {
        edges.from[slot] = state;
        edges.unit[slot] = next;
        edges.to[slot] = states;
        parent[states] = state;
        unit[states] = next;
        depth[states] = index + 1;
        states += 1;
      }
      state = edges.to[slot] ?? ROOT;
    }
    term[state] = each.length;
  }

  /** The longest other state that what was read so far may also be in. */
  const fallback = new Int32Array(states);
  /** The nearest state on the way of fallbacks where a shorter term ends. */
  const shorter = new Int32Array(states);
  // A fallback is always nearer to the root than what falls back to it.
  for (const state of byDepth(depth.subarray(0, states))) {
    const above = parent[state] ?? ROOT;
    if (above !== ROOT) fallback[state] = step(edges, fallback, fallback[above] ?? ROOT, unit[state] ?? 0);
    const next = fallback[state] ?? ROOT;
    shorter[state] = (term[next] ?? 0) > 0 ? next : (shorter[next] ?? NONE);
  }
  const lengths = term.slice(0, states);

  return (text, accept) => {
    let state = ROOT;
    for (let index = 0; index < text.length; index += 1) {
      state = step(edges, fallback, state, text.charCodeAt(index));
      const end = index + 1;
      for (
        let hit = (lengths[state] ?? 0) > 0 ? state : (shorter[state] ?? NONE);
        hit !== NONE;
        hit = shorter[hit] ?? NONE
      )
        if (accept(end - (lengths[hit] ?? 0), end)) return true;
    }
    return false;
  };
}

/** So large that a third of it stays free: there is always an end to a search. */
function createEdges(states: number): Edges {
  const size = 2 ** Math.ceil(Math.log2(states * 1.5 + 1));
  return { from: new Int32Array(size), unit: new Uint16Array(size), to: new Int32Array(size), mask: size - 1 };
}

/** Where an edge stands, or would stand. */
function slotOf({ from, unit, to, mask }: Edges, state: number, next: number): number {
  let hash = Math.imul(state, 0x9e3779b1) ^ Math.imul(next, 0x85ebca6b);
  hash ^= hash >>> 15;
  let slot = hash & mask;
  while (to[slot] !== NONE && (from[slot] !== state || unit[slot] !== next)) slot = (slot + 1) & mask;
  return slot;
}

function step(edges: Edges, fallback: Int32Array, from: number, next: number): number {
  for (let state = from; ; state = fallback[state] ?? ROOT) {
    const to = edges.to[slotOf(edges, state, next)] ?? NONE;
    if (to !== NONE || state === ROOT) return to;
  }
}

/** Every state but the root, those nearest to it first. */
function byDepth(depth: Int32Array): Int32Array {
  const places = new Int32Array(depth.reduce((most, each) => Math.max(most, each), 0) + 2);
  for (const each of depth) places[each + 1] = (places[each + 1] ?? 0) + 1;
  for (let at = 1; at < places.length; at += 1) places[at] = (places[at] ?? 0) + (places[at - 1] ?? 0);
  const sorted = new Int32Array(depth.length);
  for (const [state, each] of depth.entries()) {
    const place = places[each] ?? 0;
    sorted[place] = state;
    places[each] = place + 1;
  }
  return sorted.subarray(1);
}
