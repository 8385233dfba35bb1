/** Registers a case: `test` of Vitest, Jest, `node:test`, Bun or Deno's own, or a function of yours. */
export type TestFunction = (title: string, body: () => Promise<void>) => unknown;

/** The function to register cases with: the one given, or the global `test`. */
export function findTest(suite: string, given: TestFunction | undefined): TestFunction {
  if (given) return given;
  const test: unknown = Reflect.get(globalThis, 'test'); // whether a runner has put it there is for us to find out
  if (typeof test !== 'function')
    throw new Error(`${suite} found no global \`test\` function; hand in that of your test runner as \`test\`.`);
  return (title, body) => void Reflect.apply(test, undefined, [title, body]);
}
