import { isList, isRecord } from './value.ts';

/** A value as text: a string is one, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/**
 * What a text of JSON says, written in one way: without spaces and escapes of its own, as the SDK writes it when it comes
 * back in a prompt. A text that is no JSON, or says a key twice, stays as it is: nothing that was written may be lost.
 */
export function canonicalJson(json: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return json;
  }
  try {
    return keysIn(json) > keysOf(value) ? json : textOf(value);
  } catch {
    return json; // nested too deeply to be written
  }
}

/** Counted by hand: what a regular expression remembers of a text of some megabytes is more than a stack holds. */
function keysIn(json: string): number {
  let keys = 0;
  for (let begin = json.indexOf('"'); begin !== -1;) {
    const end = endOfString(json, begin);
    if (json.charAt(afterSpace(json, end)) === ':') keys += 1;
    begin = json.indexOf('"', end);
  }
  return keys;
}

/** Behind the string that begins there. */
function endOfString(json: string, begin: number): number {
  for (let quote = json.indexOf('"', begin + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslash = quote;
    while (json.charAt(backslash - 1) === '\\') backslash -= 1;
    if ((quote - backslash) % 2 === 0) return quote + 1;
  }
  return json.length;
}

function afterSpace(json: string, from: number): number {
  let at = from;
  while (/\s/.test(json.charAt(at))) at += 1;
  return at;
}

function keysOf(value: unknown): number {
  let keys = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const each = left.pop();
    const members = isList(each) ? each : isRecord(each) ? Object.values(each) : [];
    if (!isList(each)) keys += members.length;
    for (const member of members) left.push(member);
  }
  return keys;
}
