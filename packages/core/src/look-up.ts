/** Looks a key up; what is not there yet is made, and there from then on. */
export function getOrAdd<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  create: () => V,
): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}

/** A member of a table that was handed in, and nothing that the table merely inherits. */
export function memberOf<T>(table: { readonly [key: string]: T } | undefined, key: string): T | undefined {
  return table && Object.hasOwn(table, key) ? table[key] : undefined;
}
