/**
 * Runs in a process of its own: imports the modules named on the command line and prints, as one line of JSON, what
 * that set in motion. It ends by itself, or the test that waits for it fails.
 */
export interface Stirred {
  /** What keeps the process alive. */
  readonly resources: readonly string[];
  /** Functions that start something, called while importing. */
  readonly calls: readonly string[];
  /** Variables of the environment that were read. */
  readonly environment: readonly string[];
  readonly globals: readonly string[];
}

const calls: string[] = [];
const environment: string[] = [];

/** Whether the code that was imported is asking, and not Node's own loader. */
const askedByImport = (): boolean => /(?:file|data):/.test(callersOf(new Error('who asks?').stack ?? ''));
const callersOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => !line.includes(import.meta.filename) && !line.includes('node:internal'))
    .join('\n');

for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'addEventListener']) {
  const original: unknown = Reflect.get(globalThis, name);
  if (typeof original !== 'function') continue;
  Reflect.set(globalThis, name, (...args: unknown[]): unknown => {
    calls.push(name);
    return Reflect.apply(original, globalThis, args) as unknown;
  });
}
const watched = new Proxy(process.env, {
  get(target, name, receiver): unknown {
    if (askedByImport()) environment.push(String(name));
    return Reflect.get(target, name, receiver) as unknown;
  },
  has(target, name) {
    if (askedByImport()) environment.push(String(name));
    return Reflect.has(target, name);
  },
  ownKeys(target) {
    if (askedByImport()) environment.push('(all)');
    return Reflect.ownKeys(target);
  },
});
Object.defineProperty(process, 'env', { value: watched });

/** zod keeps its registry and its configuration on the global object; what counts is whether anybody has set anything. */
function settingsOf(name: string | symbol): readonly string[] {
  if (name === '__zod_globalRegistry') return [];
  if (name !== '__zod_globalConfig') return [String(name)];
  const configuration: unknown = Reflect.get(globalThis, name);
  return Object.keys(configuration ?? {}).map((key) => `${name}.${key}`);
}

const globalsBefore = new Set(Reflect.ownKeys(globalThis));
const resourcesBefore = process.getActiveResourcesInfo();

for (const specifier of process.argv.slice(2)) await import(specifier);

const left = [...resourcesBefore];
const stirred: Stirred = {
  resources: process.getActiveResourcesInfo().filter((name) => {
    const known = left.indexOf(name);
    if (known >= 0) left.splice(known, 1);
    return known < 0;
  }),
  calls,
  environment,
  globals: Reflect.ownKeys(globalThis)
    .filter((name) => !globalsBefore.has(name))
    .flatMap(settingsOf),
};
console.log(JSON.stringify(stirred));
