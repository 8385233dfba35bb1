/** So many words are judged together; the next window begins after so many. */
export const WINDOW_WORDS = 40;
const STEP = 30;

/** Where windows over so many words begin: the last one ends with the text. */
export function windowBegins(words: number): readonly number[] {
  if (words <= WINDOW_WORDS) return [0];
  const begins: number[] = [];
  for (let begin = 0; begin + WINDOW_WORDS < words; begin += STEP) begins.push(begin);
  begins.push(words - WINDOW_WORDS);
  return begins;
}
