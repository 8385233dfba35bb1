import { isList, isRecord } from './json.ts';

type Step = string | number;
const PLAIN_KEY = /^[\w$-]{1,64}$/;
const STEP = /\[(\d+)\]|\{(\d+)\}|([^.[\]{}]+)/g;

/**
 * The path of a value under a key. A key that is no plain name is called by its position among the keys: paths ride on
 * events, and a key made of prose would be content.
 */
export function under(path: string, key: string, position: number): string {
  const known = KNOWN.get(path)?.get(key);
  if (known !== undefined) return known;
  if (!PLAIN_KEY.test(key)) return `${path}.{${position}}`;
  const made = path === '' ? key : `${path}.${key}`;
  // The same few paths are asked for with every token of a stream: one text of each is found faster than made.
  if (KNOWN.size < MOST_KNOWN) {
    const keys = KNOWN.get(path) ?? new Map<string, string>();
    KNOWN.set(path, keys);
    if (keys.size < MOST_KNOWN) keys.set(key, made);
  }
  return made;
}

const KNOWN = new Map<string, Map<string, string>>();
const MOST_KNOWN = 100;

/** A copy of a value in which what stands at a path is another; where nothing stands there, the value itself. */
export function replaceAt(
  value: unknown,
  path: string,
  replace: (found: unknown, inList: boolean) => unknown,
): unknown {
  return replaceIn(value, stepsOf(path, value), 0, replace, false);
}

/** How deep a path leads. */
export function depthOf(path: string): number {
  return [...path.matchAll(STEP)].length;
}

function stepsOf(path: string, value: unknown): readonly Step[] {
  const steps: Step[] = [];
  let place = value;
  for (const [, index, position, name] of path.matchAll(STEP)) {
    const step: Step =
      index !== undefined
        ? Number(index)
        : position !== undefined
          ? (Object.keys(isRecord(place) ? place : {})[Number(position)] ?? '')
          : (name ?? '');
    steps.push(step);
    place = isList(place) ? place[Number(step)] : isRecord(place) ? place[step] : undefined;
  }
  return steps;
}

function replaceIn(
  value: unknown,
  steps: readonly Step[],
  from: number,
  replace: (found: unknown, inList: boolean) => unknown,
  inList: boolean,
): unknown {
  const step = steps[from];
  if (step === undefined) return replace(value, inList);
  if (isList(value) && typeof step === 'number' && step < value.length)
    return value.with(step, replaceIn(value[step], steps, from + 1, replace, true));
  if (isRecord(value) && Object.hasOwn(value, step))
    return { ...value, [step]: replaceIn(value[step], steps, from + 1, replace, false) };
  return value;
}
