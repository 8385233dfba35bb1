import { isText } from '../is.ts';
import { isJudged, readVerdict, type Judged } from './verdict.ts';

/**
 * Where verdicts can be shared between processes: a Redis or KV client behind two functions. What it is given is a keyed
 * hash and a signed verdict: nothing of the judged text. It is trusted with nothing: where it throws, rejects, hangs, or
 * answers with anything but what was set under that very key, it is as if the verdict were not there.
 */
export interface VerdictStore {
  /** What was set under a key, unchanged to the character. */
  get(key: string): PromiseLike<string | null | undefined> | string | null | undefined;
  /** Not waited for. `ttl`, in milliseconds, is when it may be thrown away: one kept longer is not used. */
  set(key: string, value: string, options: { readonly ttl: number }): unknown;
}

/** Verdicts that other processes may have come to. As with those in memory, no decision may depend on them. */
export interface SharedVerdicts {
  /** Undefined: not there, not readable, not ours, too old, or too late. Never rejects. */
  get(key: string): Promise<Judged | undefined>;
  /** Not waited for. Never throws; what the store rejects with is nobody's. */
  set(key: string, verdict: Judged): void;
}

/**
 * Shares verdicts through a store, between all that have the same secret. `ttl`: the milliseconds that a verdict is good
 * for, by the clocks of those who share. `patience`: the milliseconds that a look-up may take.
 */
export function shareVerdicts(
  store: VerdictStore,
  { secret, ttl, patience }: { readonly secret: string; readonly ttl: number; readonly patience: number },
): SharedVerdicts {
  let imported: Promise<CryptoKey> | undefined;
  const importOnce = (): Promise<CryptoKey> =>
    (imported ??= crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]));
  const sign = async (...parts: readonly string[]): Promise<string> =>
    toHex(await crypto.subtle.sign('HMAC', await importOnce(), toBytes(parts)));
  const nameOf = async (key: string): Promise<string> => `chaperone:${await sign('name', key)}`;

  const read = async (name: string, value: unknown): Promise<Judged | undefined> => {
    if (!isText(value)) return undefined;
    const json = value.slice(HEX_DIGITS);
    const signature = fromHex(value.slice(0, HEX_DIGITS));
    if (!(await crypto.subtle.verify('HMAC', await importOnce(), signature, toBytes(['value', name, json]))))
      return undefined;
    // A record, for it is signed, and `write` signs nothing else.
    const answer = JSON.parse(json) as Readonly<Record<string, unknown>>;
    if (!isText(answer['moderator']) || !(Date.now() - Number(answer['since']) < ttl)) return undefined;
    const verdict = readVerdict(answer['moderator'], answer);
    return isJudged(verdict) ? verdict : undefined;
  };
  const write = async (name: string, verdict: Judged): Promise<unknown> => {
    const json = JSON.stringify({ ...verdict, since: Date.now() });
    // Returned, not awaited: a store that hangs then holds nothing of ours.
    return store.set(name, (await sign('value', name, json)) + json, { ttl });
  };

  // No function that waits for the store closes over a key: one that hangs would hold the judged text.
  return {
    get: (key) =>
      inTime(
        nameOf(key).then(async (name) => read(name, await store.get(name))),
        patience,
      ),
    set(key, verdict) {
      if (verdict.message !== undefined) return; // somebody's words, and who knows whose
      void nameOf(key)
        .then((name) => write(name, verdict))
        .catch(() => {});
    },
  };
}

const encoder = new TextEncoder();

const HEX_DIGITS = 64;

/**
 * As JSON, for bytes cannot tell one lone surrogate from another, and JSON escapes them. It also keeps the parts apart, so
 * that no name is ever signed as a value.
 */
function toBytes(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(parts));
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Reads what `toHex` writes and nothing else that means the same, so that a signature has one spelling. */
function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/[\da-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
}

/** What is promised, or undefined where it fails or is late. */
function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void promise
      .catch(() => undefined)
      .finally(() => clearTimeout(timer))
      .then(resolve);
  });
}
