import { isObject } from './is.ts';
const REGISTRY = Symbol.for('chaperone.refusals');
/** Looked up once: it is asked about with every token. */
let known: WeakSet<object> | undefined;

/**
 * The replies and chunks of this process that a guard has written itself. Known by identity alone, so that nothing an
 * upstream sends can pass for one; kept where several copies of this package find it.
 */
function registry(): WeakSet<object> {
  const shared = globalThis as { [REGISTRY]?: WeakSet<object> }; // a property of our own, under a symbol that only this file names
  return (known ??= shared[REGISTRY] ??= new WeakSet());
}

/** Marks what a guard has written, so that a guard around it passes it on unjudged. */
export function markRefusal<T extends object>(refusal: T): T {
  registry().add(refusal);
  return refusal;
}

/** Whether a guard of this process has written this very object. */
export function isRefusal(value: unknown): boolean {
  return isObject(value) && registry().has(value);
}
