// What a value is, where its type does not say: bodies come from anybody.

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

/** A value as text: a string is one, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
