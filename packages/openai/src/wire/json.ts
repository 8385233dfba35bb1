/** An object as it came over the wire. */
export type JsonObject = { readonly [key: string]: unknown };

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The value under a key, where there is an object to have one. */
export function at(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

/** The string under a key, or undefined. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === 'string' ? found : undefined;
}

/** The whole number, 0 or more, under a key, or undefined. */
export function countAt(value: unknown, key: string): number | undefined {
  const found = at(value, key);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : undefined;
}

/** The value that a text of JSON stands for, or undefined where it is none: JSON itself has no undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How many keys a text of JSON says: more than its value has where one is said twice. */
export function keysIn(json: string): number {
  let keys = 0;
  for (let open = json.indexOf('"'); open !== -1;) {
    let close = json.indexOf('"', open + 1);
    while (close !== -1 && isEscaped(json, close)) close = json.indexOf('"', close + 1);
    if (close === -1) return keys;
    let next = close + 1;
    while (' \n\r\t'.includes(json.charAt(next) || '.')) next += 1;
    if (json.charAt(next) === ':') keys += 1;
    open = json.indexOf('"', next);
  }
  return keys;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charAt(at - 1 - backslashes) === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

/**
 * JSON as it is meant, whatever letters of it are written as escapes: a word must not be another word for that. What
 * would break the JSON stays escaped.
 */
export function withoutEscapes(json: string): string {
  if (!json.includes('\\u')) return json;
  return json.replaceAll(/\\(?:u([0-9a-f]{4})|[^])/gi, (escape, hex: string | undefined) => {
    const code = hex === undefined ? 0 : Number.parseInt(hex, 16);
    return code < 0x20 || code === 0x22 || code === 0x5c ? escape : String.fromCharCode(code);
  });
}

/** How many keys a value has, at every depth. */
export function keysOf(value: unknown): number {
  if (isList(value)) return value.reduce<number>((keys, element) => keys + keysOf(element), 0);
  if (!isRecord(value)) return 0;
  return Object.values(value).reduce<number>((keys, element) => keys + 1 + keysOf(element), 0);
}
