import { LOOK_ALIKES } from './look-alikes.ts';

/** A text as it is compared, in two readings. */
export interface Readings {
  /** The same letters, without what makes no difference: case, width, accents, invisible characters, white space. */
  readonly plain: string;
  /** The same with every look-alike replaced by the ASCII letter that it imitates. */
  readonly imitated: string;
}

const BEYOND_ASCII = /[^\0-\u007f]/;
const WHITE_SPACE = /[\s\u0085]+/g;
/** Drawn as nothing, but as wide as a space: the Hangul fillers, which count as ignorable, and the empty Braille cell. */
const FILLER = /[\u115f\u1160\u2800\u3164\uffa0]/g;
/**
 * Compatibility forms that are no part of the word they stand at: ™ and ² would become `tm` and `2` of that word, and
 * the two Arabic ligatures a phrase of up to 18 letters, which makes a long text 18 times as long.
 */
const APART = /[\u2122\u2120\u00b9\u00b2\u00b3\u2070\u2074-\u2079\u2080-\u2089\ufdfa\ufdfb]/g;
/** What is not drawn at all, or only steers how others are, save the controls that are white space. */
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]--[\t-\r\u0085]]/gv;
/**
 * Accents and points that readers do without: those of Latin, Greek, Cyrillic, Hebrew and Arabic, among them what
 * stacks on a word to hide it. Not the vowel signs of Indic and Thai and not the kana's voicing marks: without those,
 * a word is another word. The Arabic tatweel only stretches a word.
 */
const ACCENT =
  /[[[\p{Mn}\p{Me}]&&[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u3099\u309a]]|\u0640/gv;

/** Marks of any other script, on a letter that no language puts them on. */
const FOREIGN_MARKS = /([A-Za-z])\p{M}+/gu;
/** Halfwidth voicing marks: no marks until they are decomposed, and so not counted among them. */
const HALFWIDTH_MARKS: readonly (readonly [string, string])[] = [
  ['\uff9e', '\u3099'],
  ['\uff9f', '\u309a'],
];
/** Letters of flags: two of them are a flag, and more are letters. */
const REGIONAL = /[\u{1f1e6}-\u{1f1ff}]{3,}/gu;

/** More marks on one character than any language has: putting them in order takes the square of their number. */
const STACKED = /(\p{M}{30})\p{M}+/gu;

/** Never throws, whatever the text holds, and takes time that grows with its length alone. */
export function normalise(text: string): Readings {
  if (!BEYOND_ASCII.test(text)) {
    const plain = space(text.replace(INVISIBLE, '')).toLowerCase();
    return { plain, imitated: plain };
  }
  const letters = HALFWIDTH_MARKS.reduce((all, [halfwidth, mark]) => all.replaceAll(halfwidth, mark), text)
    .replace(APART, ' ')
    .replace(FILLER, ' ')
    .replace(INVISIBLE, '')
    .replace(ACCENT, '')
    .replace(STACKED, '$1')
    .normalize('NFKD')
    .replace(ACCENT, '')
    .replace(FOREIGN_MARKS, '$1')
    .normalize('NFC');
  // Case last: Greek Η is drawn like H, its small η like n.
  return { plain: space(foldCase(letters)), imitated: space(foldCase(unmask(letters).replace(FOREIGN_MARKS, '$1'))) };
}

/** One space for every run. */
function space(text: string): string {
  return text.replace(WHITE_SPACE, ' ');
}

/** Full case folding by the platform's own tables: up unfolds ß to SS, and what is down first is ẞ. */
function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}

let unmasking: { readonly pattern: RegExp; readonly letters: ReadonlyMap<string, string> } | undefined;

function unmask(text: string): string {
  // At the first text that needs it: importing the package does no work.
  unmasking ??= {
    pattern: new RegExp(`[${Object.values(LOOK_ALIKES).join('')}]`, 'gu'),
    letters: new Map(
      Object.entries(LOOK_ALIKES).flatMap(([to, from]) => Array.from(from, (one) => [one, to] as const)),
    ),
  };
  const { pattern, letters } = unmasking;
  return text.replace(pattern, (one) => letters.get(one) ?? one).replace(REGIONAL, asciiOf);
}

/** They follow each other as in the alphabet. */
function asciiOf(regional: string): string {
  return Array.from(regional, (one) => String.fromCharCode((one.codePointAt(0) ?? 0) - 0x1f1e6 + 0x61)).join('');
}
