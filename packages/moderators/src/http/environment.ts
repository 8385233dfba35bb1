/**
 * A variable of the environment, trimmed; `undefined` where it is empty, or where there is no environment at all.
 * Reached through `globalThis` because Workers and browsers have no `process`.
 */
export function readEnvironment(name: string): string | undefined {
  try {
    const value = member(member(member(globalThis, 'process'), 'env'), name);
    return typeof value === 'string' ? value.trim() || undefined : undefined;
  } catch {
    return undefined; // Deno without the permission to read the environment
  }
}

function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}
