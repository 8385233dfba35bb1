import type { Model } from '../model/model.ts';
import { OUTPUTS } from '../model/outputs.ts';
import { eachPiece, hashWord, lexiconFeature, pairFeature, skipFeature, wordFeature } from './features.ts';
import { createRepair } from './repair.ts';

/** A word as the model knows it. */
export interface KnownWord {
  /** What it is read as: letters that were masked, doubled or swapped are put right. */
  readonly text: string;
  readonly hash: number;
  /** The model knows the word itself, not only pieces of it. */
  readonly isKnown: boolean;
  /** How many features of its own the model knows: itself, its pieces, its categories in the lexicon. */
  readonly count: number;
  /** The sum of their rows. */
  readonly sum: Float32Array;
}

/** The words of a text with the numbers of their features, each looked up once whatever windows it is in. */
export interface Reading {
  readonly words: readonly KnownWord[];
  /** How many of them the model knows. */
  readonly known: number;
  /** For each word, the number of the pair that ends with it; −1: none that the model knows. */
  readonly pairs: Int32Array;
  /** The same of the word, the one before the one before it, and any between. */
  readonly skips: Int32Array;
  /** Where the same word, pair or skip stood last; −1: nowhere. */
  readonly last: { readonly words: Int32Array; readonly pairs: Int32Array; readonly skips: Int32Array };
}

/** Words of a language repeat: those that were met lately are not taken apart again. */
const REMEMBERED = 8_192;

/** Reads words for a model. Words that were run together become several. */
export function createReader(model: Model, repairs: boolean): (words: readonly string[]) => Reading {
  const isKnown = (word: string): boolean => model.numberOf(wordFeature(hashWord(word))) >= 0;
  const repair = repairs ? createRepair(isKnown) : (word: string): readonly string[] => [word];
  const remembered = new Map<string, readonly KnownWord[]>();
  const look = (word: string): readonly KnownWord[] => {
    const met = remembered.get(word);
    if (met !== undefined) return met;
    if (remembered.size >= REMEMBERED) remembered.clear();
    const meant = repair(word).map((one) => takeApart(model, one));
    remembered.set(word, meant);
    return meant;
  };
  return (texts) => {
    const words: KnownWord[] = [];
    for (const text of texts) {
      const meant = look(text);
      if (meant.length === 1) words.push(meant[0]!);
      else words.push(...meant);
    }
    const pairs = new Int32Array(words.length);
    const skips = new Int32Array(words.length);
    let known = 0;
    let before = 0;
    let beforeThat = 0;
    for (let at = 0; at < words.length; at += 1) {
      const { hash, isKnown } = words[at]!;
      if (isKnown) known += 1;
      pairs[at] = at > 0 ? model.numberOf(pairFeature(before, hash)) : -1;
      skips[at] = at > 1 ? model.numberOf(skipFeature(beforeThat, hash)) : -1;
      beforeThat = before;
      before = hash;
    }
    return {
      words,
      known,
      pairs,
      skips,
      last: { words: lastPlaces(words), pairs: lastPlaces(pairs), skips: lastPlaces(skips) },
    };
  };
}

/** For each the place of the one before that is the same; −1: there is none. */
function lastPlaces(list: ArrayLike<KnownWord | number>): Int32Array {
  const places = new Map<KnownWord | number, number>();
  const last = new Int32Array(list.length).fill(-1);
  for (let at = 0; at < list.length; at += 1) {
    const one = list[at]!;
    if (one === -1) continue; // no feature: most pairs are none
    const before = places.get(one);
    if (before !== undefined) last[at] = before;
    places.set(one, at);
  }
  return last;
}

function takeApart(model: Model, text: string): KnownWord {
  const hash = hashWord(text);
  const itself = wordFeature(hash);
  const numbers = new Set<number>();
  const add = (feature: number): void => {
    const number = model.numberOf(feature);
    if (number >= 0) numbers.add(number);
  };
  add(itself);
  eachPiece(text, add);
  for (const category of model.lexicon.get(itself) ?? []) add(lexiconFeature(category));
  const width = OUTPUTS.length + model.hidden;
  const sum = new Float32Array(width);
  for (const number of numbers)
    for (let column = 0; column < width; column += 1) sum[column]! += model.rows[number * width + column]!;
  return { text, hash, isKnown: model.numberOf(itself) >= 0, count: numbers.size, sum };
}
