const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz';
/** Longer words have too many readings, and shorter ones are too often words of their own. */
const SHORTEST = 4;
const LONGEST = 14;
const MASK = '*';
const MOST_MASKS = 2;
/** So many letters in a row without a space are more than one word. */
const RUN_TOGETHER = 14;

/**
 * What a word that the model does not know may be meant as: masked letters (`w*rd`), repeated ones, two that changed
 * places, several words run together. The word itself where nothing fits. It looks up what it tries: no list of words
 * is in the package.
 */
export function createRepair(isKnown: (word: string) => boolean): (word: string) => readonly string[] {
  return (word) => {
    if (word.length < SHORTEST || isKnown(word)) return [word];
    if (word.length >= RUN_TOGETHER) return split(word, isKnown);
    if (word.includes(MASK)) return [unmask(word, isKnown) ?? word];
    return [singled(word, isKnown) ?? swapped(word, isKnown) ?? word];
  };
}

/** The likeliest letters first. */
function unmask(word: string, isKnown: (word: string) => boolean): string | undefined {
  const masks = word.split(MASK).length - 1;
  if (masks > MOST_MASKS) return undefined;
  for (const letter of LETTERS) {
    const filled = word.replace(MASK, letter);
    if (masks > 1) {
      const more = unmask(filled, isKnown);
      if (more !== undefined) return more;
    } else if (isKnown(filled)) return filled;
  }
  return undefined;
}

/** Doubled letters as one, all of them or one pair. */
function singled(word: string, isKnown: (word: string) => boolean): string | undefined {
  const bare = word.replace(/(.)\1/g, '$1');
  if (bare === word) return undefined;
  if (isKnown(bare)) return bare;
  for (let at = 1; at < word.length; at += 1) {
    if (word[at] !== word[at - 1]) continue;
    const shorter = word.slice(0, at) + word.slice(at + 1);
    if (isKnown(shorter)) return shorter;
  }
  return undefined;
}

function swapped(word: string, isKnown: (word: string) => boolean): string | undefined {
  for (let at = 1; at < word.length - 2; at += 1) {
    const other = word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
    if (isKnown(other)) return other;
  }
  return undefined;
}

/** The words that stand in a run of letters without spaces. */
function split(word: string, isKnown: (word: string) => boolean): readonly string[] {
  // The best way to each place: as much as possible in words that are known, and in long ones.
  const best = new Float64Array(word.length + 1).fill(-Infinity);
  const from = new Int32Array(word.length + 1);
  best[0] = 0;
  for (let end = 1; end <= word.length; end += 1) {
    for (let begin = Math.max(0, end - LONGEST); begin < end; begin += 1) {
      const length = end - begin;
      const worth = length >= 2 && isKnown(word.slice(begin, end)) ? length * length - 1 : -length;
      const total = best[begin]! + worth;
      if (total <= best[end]!) continue;
      best[end] = total;
      from[end] = begin;
    }
  }
  const words: string[] = [];
  let unknown = 0;
  for (let end = word.length; end > 0; end = from[end]!) {
    const one = word.slice(from[end], end);
    if (!isKnown(one)) unknown += one.length;
    words.unshift(one);
  }
  // A long word of which hardly a part is known is a long word.
  return unknown * 3 > word.length || words.length < 3 ? [word] : words;
}
