/** Features have numbers of so many bits. */
export const FEATURE_BITS = 26;

const WORD = 0x3c6ef372;
const PAIR = 0x1f83d9ab;
const SKIP = 0x5be0cd19;
const PIECE = 0x510e527f;
const LEXICON = 0x2b3e6c1f;
const EDGE = 95;

/** The shortest and the longest piece of a word that is a feature, with an edge on either side counted as a character. */
const PIECE_MIN = 3;
const PIECE_MAX = 5;

/** A number for a word, from which those of its features are made. */
export function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}

/** The word itself. */
export const wordFeature = (hash: number): number => mix(hash ^ WORD);

/** Two words side by side. */
export const pairFeature = (first: number, second: number): number => mix(Math.imul(first, 0x9e3779b1) ^ second ^ PAIR);

/** Two words with any one between them. */
export const skipFeature = (first: number, second: number): number => mix(Math.imul(first, 0x85ebca6b) ^ second ^ SKIP);

/** Words of one category of the lexicon. */
export const lexiconFeature = (category: number): number => mix(category ^ LEXICON);

/** Calls back with every piece of a word of 3 to 5 characters. */
export function eachPiece(word: string, found: (feature: number) => void): void {
  const length = word.length + 2;
  for (let begin = 0; begin <= length - PIECE_MIN; begin += 1) {
    let hash = PIECE;
    const end = Math.min(length, begin + PIECE_MAX);
    for (let at = begin; at < end; at += 1) {
      const code = at === 0 || at === length - 1 ? EDGE : word.charCodeAt(at - 1);
      hash = Math.imul(hash ^ code, 0x01000193);
      if (at - begin + 1 >= PIECE_MIN) found(mix(hash ^ (at - begin)));
    }
  }
}

function mix(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> (32 - FEATURE_BITS);
}
