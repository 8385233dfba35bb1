import QuickLRU from 'quick-lru';
import type { Judged } from './verdict.ts';

/** Where verdicts are kept. What it holds is a help and nothing else: no decision may depend on its being there. */
export interface VerdictCache {
  get(key: string): Judged | undefined;
  set(key: string, verdict: Judged): void;
}

/** Keys hold the judged text: this bounds what a thousand long ones may take. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Keeps the verdicts last used, bounded by entries, by the characters of their keys and by age. */
export function createVerdictCache({ entries, ttl }: { readonly entries: number; readonly ttl: number }): VerdictCache {
  let characters = 0;
  const verdicts = new QuickLRU<string, Judged>({
    maxSize: entries,
    maxAge: ttl,
    onEviction: (key) => {
      characters -= key.length;
    },
  });
  return {
    get: (key) => verdicts.get(key),
    set(key, verdict) {
      if (key.length > MAX_CHARACTERS || verdicts.has(key)) return;
      verdicts.set(key, verdict);
      characters += key.length;
      if (characters <= MAX_CHARACTERS) return;
      verdicts.evict(Math.ceil(verdicts.size / 2));
      if (characters <= MAX_CHARACTERS) return;
      verdicts.clear();
      characters = 0;
    },
  };
}
