import { eachPiece, hashWord, pairFeature, skipFeature, wordFeature, lexiconFeature } from '../src/score/features.ts';

/** The words of many texts as numbers: each word is taken apart once. */
export interface Vocabulary {
  readonly hashes: number[];
  /** Features of the word alone: itself, its pieces, its categories in the lexicon. */
  readonly features: Int32Array[];
  add(word: string): number;
}

export type Lexicon = ReadonlyMap<string, readonly number[]>;

export function createVocabulary(lexicon: Lexicon): Vocabulary {
  const numbers = new Map<string, number>();
  const hashes: number[] = [];
  const features: Int32Array[] = [];
  return {
    hashes,
    features,
    add(word) {
      const known = numbers.get(word);
      if (known !== undefined) return known;
      const hash = hashWord(word);
      const own = new Set([wordFeature(hash)]);
      eachPiece(word, (feature) => own.add(feature));
      for (const category of lexicon.get(word) ?? []) own.add(lexiconFeature(category));
      numbers.set(word, hashes.length);
      hashes.push(hash);
      features.push(Int32Array.from(own));
      return hashes.length - 1;
    },
  };
}

/**
 * Calls back once with every feature of each word of a text, and of each two that belong together, however often they
 * occur: as the scorer counts them.
 */
export function createFeatureReader(
  vocabulary: Vocabulary,
): (words: Int32Array, found: (feature: number) => void) => void {
  const stamps = new Int32Array(1 << 26);
  const wordStamps: number[] = [];
  let stamp = 0;
  return (words, found) => {
    stamp += 1;
    const visit = (feature: number): void => {
      if (stamps[feature] === stamp) return;
      stamps[feature] = stamp;
      found(feature);
    };
    let before = 0;
    let beforeThat = 0;
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] ?? 0;
      const own = vocabulary.features[word];
      if (own && wordStamps[word] !== stamp) for (let index = 0; index < own.length; index += 1) found(own[index] ?? 0);
      wordStamps[word] = stamp;
      const hash = vocabulary.hashes[word] ?? 0;
      if (at > 0) visit(pairFeature(before, hash));
      if (at > 1) visit(skipFeature(beforeThat, hash));
      beforeThat = before;
      before = hash;
    }
  };
}
