/**
 * Letters, digits and marks of the scripts that put spaces between words. In the scripts taken out here words stand side
 * by side, or, in Korean, take their particles without a space: a term of theirs is found inside running text, and such
 * a letter beside a Latin term ends the term.
 */
const WORD = String.raw`[[\p{L}\p{N}\p{M}]--[${[
  'Han',
  'Hiragana',
  'Katakana',
  'Bopomofo',
  'Hangul',
  'Yi',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
  'Tibetan',
  'Tai_Le',
  'New_Tai_Lue',
  'Tai_Tham',
  'Tai_Viet',
  'Javanese',
  'Balinese',
]
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join('')}]]`;
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, 'v');
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, 'v');

/** Whether the stretch from `start` to `end` begins and ends where words do: no word runs across either edge. */
export function isBounded(text: string, start: number, end: number): boolean {
  return !isInsideWord(text, start) && !isInsideWord(text, end);
}

function isInsideWord(text: string, at: number): boolean {
  // Two code units on each side hold a whole character.
  return ENDS_WITH_WORD.test(text.slice(Math.max(0, at - 2), at)) && STARTS_WITH_WORD.test(text.slice(at, at + 2));
}
