import { LOOK_ALIKES } from './look-alikes.ts';

const BEYOND_ASCII = /[^\0-\u007f]/;
/** Drawn as nothing, but as wide as a space: the Hangul fillers, which count as ignorable, and the empty Braille cell. */
const FILLER = /[\u115f\u1160\u2800\u3164\uffa0]/g;
/** The two Arabic ligatures that stand for a phrase of up to 18 letters, which makes a long text 18 times as long. */
const PHRASE = /[\ufdfa\ufdfb]/g;
/** What is not drawn at all, save the controls that are white space. */
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Cc}]--[\t-\r\u0085]]/gv;
/** Accents, the variation of an emoji, and its colour of skin. */
const ACCENT = /[\p{Mn}\p{Me}\u{1f3fb}-\u{1f3ff}]/gu;
/** More marks on one character than any language has: putting them in order takes the square of their number. */
const STACKED = /(\p{M}{30})\p{M}+/gu;
const APOSTROPHE = /[’‘`´ʼ]/g;
const QUOTE = /[“”„«»]/g;

/**
 * A text as the model reads it: in lower case, in ASCII letters where it is drawn like them, without what is not seen.
 * Emoji stay. Never throws, and takes time that grows with the length alone.
 */
export function normalise(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase();
  const letters = text
    .replace(APOSTROPHE, "'")
    .replace(QUOTE, '"')
    .replace(PHRASE, ' ')
    .replace(FILLER, ' ')
    .replace(INVISIBLE, '')
    .replace(ACCENT, '')
    .replace(STACKED, '$1')
    .normalize('NFKD')
    .replace(ACCENT, '');
  return unmask(letters).toLowerCase();
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
  return text.replace(pattern, (one) => letters.get(one) ?? one);
}
