export const LETTER: RegExp = /\p{L}/gu;

const SCRIPTS = (
  'Latin Greek Cyrillic Arabic Devanagari Bengali Gurmukhi Gujarati Tamil Telugu Kannada Malayalam Sinhala Thai Myanmar ' +
  'Ethiopic Hangul Han Hiragana Katakana Javanese'
)
  .split(' ')
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join('');

/** Letters of the scripts that franc-min knows a language of. */
export const KNOWN: RegExp = new RegExp(String.raw`[\p{L}&&[${SCRIPTS}]]`, 'gv');
/** Letters of all others. */
export const UNKNOWN: RegExp = new RegExp(String.raw`[\p{L}--[${SCRIPTS}]]`, 'gv');

/** Nothing that is drawn, so that it splits no word. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
const BETWEEN_WORDS = /[^\p{L}\p{M}]+/gu;
/** Four letters or more that each stand alone: a word that was taken apart. */
const TAKEN_APART = /(?<![\p{L}\p{M}])\p{L}\p{M}*(?: \p{L}\p{M}*(?![\p{L}\p{M}])){3,}/gu;

/** What the library looks at, at the most: its own limit. */
const STRETCH = 2_048;

/** The words of a text, with one space between them: no disguise, digit or sign. */
export function lettersOf(text: string): string {
  return text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .replace(BETWEEN_WORDS, ' ')
    .replace(TAKEN_APART, (letters) => letters.replaceAll(' ', ''))
    .trim();
}

/** All of it, in pieces as long as can be looked at; the last one overlaps, so that it is no shorter. */
export function stretchesOf(letters: string): readonly string[] {
  return Array.from({ length: Math.max(1, Math.ceil(letters.length / STRETCH)) }, (_, index) => {
    const start = Math.max(0, Math.min(index * STRETCH, letters.length - STRETCH));
    return letters.slice(start, start + STRETCH);
  });
}

export function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}

/** How many different ones there are. */
export function trigramsIn(text: string): number {
  const padded = ` ${text.toLowerCase()} `;
  return new Set(Array.from({ length: padded.length - 2 }, (_, at) => padded.slice(at, at + 3))).size;
}
