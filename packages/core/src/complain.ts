/** Says on the console that code of the user failed. The name alone: the message of its error may hold content. */
export function complain(who: string, error: unknown): void {
  console.error(`[chaperone] ${who} failed with ${error instanceof Error ? error.name : typeof error}.`);
}
