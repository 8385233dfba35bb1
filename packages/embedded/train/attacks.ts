import { createRandom } from './random.ts';

/** A way to hide words, of which every harmless reader still reads the same. */
export type Attack = (text: string) => string;

const LEET: Readonly<Record<string, string>> = { a: '4', e: '3', i: '1', o: '0', s: '5', t: '7' };
const HOMOGLYPHS: Readonly<Record<string, string>> = {
  a: '\u0430',
  c: '\u0441',
  e: '\u0435',
  i: '\u0456',
  o: '\u043e',
  p: '\u0440',
  s: '\u0455',
  x: '\u0445',
  y: '\u0443',
};

const mapLetters =
  (change: (letter: string) => string): Attack =>
  (text) =>
    Array.from(text, change).join('');

/** Changes words of four letters and more, each in a way that is drawn by lot but the same at every run. */
const mapWords =
  (change: (word: string, random: () => number) => string): Attack =>
  (text) => {
    const random = createRandom(text.length);
    return text.replace(/[A-Za-z]{4,}/g, (word) => change(word, random));
  };

/** A place inside a word: neither its first letter nor, for two letters from there, its last. */
const inside = (word: string, random: () => number): number => 1 + Math.floor(random() * (word.length - 2));

/** By the name of each. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  none: (text) => text,
  'zero-width': mapLetters((letter) => `${letter}\u200b`),
  'full-width': mapLetters((letter) =>
    letter > '!' && letter < '~' ? String.fromCharCode(letter.charCodeAt(0) + 0xfee0) : letter,
  ),
  homoglyph: mapLetters((letter) => HOMOGLYPHS[letter] ?? letter),
  leet: mapLetters((letter) => LEET[letter.toLowerCase()] ?? letter),
  spaced: mapWords((word) => Array.from(word).join(' ')),
  dotted: mapWords((word) => Array.from(word).join('.')),
  repeated: mapWords((word, random) => {
    const at = inside(word, random);
    return word.slice(0, at) + (word[at] ?? '').repeat(4) + word.slice(at + 1);
  }),
  swapped: mapWords((word, random) => {
    const at = inside(word, random);
    return word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
  }),
  masked: mapWords((word, random) => {
    const at = inside(word, random);
    return `${word.slice(0, at)}*${word.slice(at + 1)}`;
  }),
  'spaces removed': (text) => text.replace(/ (?=[a-z])/g, ''),
};
