/** What somebody else's code gives, or undefined where it throws: for code whose failure has a meaning of its own. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
