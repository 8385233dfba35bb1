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
  return keysIn(json) > keysOf(value) ? json : textOf(value);
}

function keysIn(json: string): number {
  let keys = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) keys++;
  return keys;
}

function keysOf(value: unknown): number {
  if (isList(value)) return value.reduce<number>((keys, element) => keys + keysOf(element), 0);
  if (!isRecord(value)) return 0;
  return Object.values(value).reduce<number>((keys, element) => keys + 1 + keysOf(element), 0);
}
