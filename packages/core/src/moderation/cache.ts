import QuickLRU from 'quick-lru';
import type { Judged } from './verdict.ts';

/** Where verdicts are kept. What it holds is a help and nothing else: no decision may depend on its being there. */
export interface VerdictCache {
  get(key: string): Judged | undefined;
  set(key: string, verdict: Judged): void;
}

/** Keeps the verdicts last used, bounded by entries, by the characters of their keys and by age. */
export function createVerdictCache({
  entries,
  characters: most,
  ttl,
}: {
  readonly entries: number;
  readonly characters: number;
  readonly ttl: number;
}): VerdictCache {
  let characters = 0; // keys hold the judged text
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
      if (key.length > most || verdicts.has(key)) return;
      verdicts.set(key, verdict);
      characters += key.length;
      if (characters <= most) return;
      verdicts.evict(Math.ceil(verdicts.size / 2));
      if (characters <= most) return;
      verdicts.clear();
      characters = 0;
    },
  };
}
