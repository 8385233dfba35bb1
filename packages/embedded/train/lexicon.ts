import { normalise } from '../src/text/normalise.ts';
import { wordsOf } from '../src/text/words.ts';
import type { Lexicon } from './corpus.ts';

/** The single words of the lexicon, with their categories as numbers. */
export function toLexicon(terms: Readonly<Record<string, readonly string[]>>): Lexicon {
  const numbers = new Map<string, number>();
  const numberOf = (category: string): number => {
    const known = numbers.get(category) ?? numbers.size;
    numbers.set(category, known);
    return known;
  };
  const lexicon = new Map<string, readonly number[]>();
  for (const [term, categories] of Object.entries(terms)) {
    const words = wordsOf(normalise(term));
    const [word] = words;
    if (word === undefined || words.length > 1) continue;
    lexicon.set(word, [...new Set([...(lexicon.get(word) ?? []), ...categories.map(numberOf)])]);
  }
  return lexicon;
}
