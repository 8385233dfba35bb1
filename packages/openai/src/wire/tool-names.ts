import { isList, type JsonObject, textAt, at } from './json.ts';

/** The names that the developer gave to tools. A name that a model or a user makes up is text like any other. */
export function toolNames(body: JsonObject | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  for (const list of [body?.['tools'], body?.['functions']])
    for (const tool of isList(list) ? list : []) {
      const name = textAt(at(tool, 'function'), 'name') ?? textAt(at(tool, 'custom'), 'name') ?? textAt(tool, 'name');
      if (name !== undefined) names.add(name);
    }
  return names;
}

/** What is left to judge of a whole name. */
export function unknownName(names: ReadonlySet<string>): (path: string, name: string) => string {
  return (_path, name) => (names.has(name) ? '' : name);
}

/** The same for names that come in fragments: nothing, as long as they are on the way to a known name. */
export function unknownNameInPieces(names: ReadonlySet<string>): (path: string, name: string) => string {
  const begun = new Map<string, string>();
  const strange = new Set<string>();
  return (path, piece) => {
    if (strange.has(path)) return piece;
    const whole = (begun.get(path) ?? '') + piece;
    if (names.has(piece)) return '';
    if ([...names].some((name) => name.startsWith(whole))) {
      begun.set(path, whole);
      return '';
    }
    strange.add(path);
    return whole;
  };
}
