import type { CallContext } from '@chaperone/core';

/**
 * Who may ask: a key, several keys, or a function that knows whose key it is and gives the context of the call;
 * `undefined` lets nobody in.
 */
export type Authorize =
  | string
  | readonly string[]
  | ((key: string) => CallContext | undefined | Promise<CallContext | undefined>);

/** The context of a caller who may ask; undefined: this one may not. */
export async function admit(request: Request, authorize: Authorize): Promise<CallContext | undefined> {
  const key = keyOf(request);
  if (key === undefined) return undefined;
  if (typeof authorize === 'function') return authorize(key);
  let isKnown = false;
  // All of them, so that the time says nothing of which one it was.
  for (const known of typeof authorize === 'string' ? [authorize] : authorize)
    if (await isSame(key, known)) isKnown = true;
  return isKnown ? {} : undefined;
}

/** `Authorization: Bearer`, or `x-api-key`, as LiteLLM sends it. */
function keyOf({ headers }: Request): string | undefined {
  const bearer = /^Bearer +(?<key>\S+)$/i.exec(headers.get('authorization') ?? '')?.groups?.['key'];
  return bearer ?? (headers.get('x-api-key')?.trim() || undefined);
}

/** Compares hashes, each byte of them: the time it takes tells nothing of how alike two keys are. */
async function isSame(one: string, other: string): Promise<boolean> {
  const [left, right] = await Promise.all([hash(one), hash(other)]);
  return left.reduce((difference, byte, at) => difference | (byte ^ (right[at] ?? 0)), 0) === 0;
}

async function hash(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
