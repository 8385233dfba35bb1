import { isFlagLetter, wordsOfEmoji } from './emoji.ts';

/** What a digit or sign stands for inside a word, by its code; 0: nothing. */
const LEET: Uint8Array = leetTable({
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
});

/** Figures with their unit, which are no words. */
const FIGURE = /^[\d.,:/+-]+(?:st|nd|rd|th|am|pm|[a-z]|min|hrs?|mm|cm|k[gmw]|[mgt]b|[mg]hz|yo|yrs?|ish)?$/;
const ADDRESS = /^(?:https?:|www\.)/;
/** A name that is called: `@somebody`. What spells an `a` with the sign is a word. */
const CALLED = /^@(?!ss|nal|rse)[\w.]/;
const THRICE = /(.)\1{2,}/g;
/** Text without spaces is cut into words by the reader, and must end somewhere. */
const WORD_CHARACTERS = 160;

/** The words of a normalised text, in order: letters, masked letters (`*`), emoji, and the signs `?`, `!` and `"`. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  const singles: string[] = [];
  const flush = (): void => {
    if (singles.length >= 3) words.push(shorten(singles.join('')));
    else words.push(...singles);
    singles.length = 0;
  };
  const length = text.length;
  let at = 0;
  while (at < length) {
    if (isSpace(text.charCodeAt(at))) {
      at += 1;
      continue;
    }
    const begin = at;
    let plain = true;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) break;
      if (!isLetter(code)) plain = false;
      at += 1;
    }
    if (plain) {
      if (at - begin === 1) singles.push(text.charAt(begin));
      else {
        flush();
        words.push(shorten(text.slice(begin, at)));
      }
      continue;
    }
    readChunk(text.slice(begin, at), words, singles, flush);
  }
  flush();
  return words;
}

/** A run without white space that is not of letters alone. */
function readChunk(chunk: string, words: string[], singles: string[], flush: () => void): void {
  if (ADDRESS.test(chunk)) {
    flush();
    words.push('<address>');
    return;
  }
  if (CALLED.test(chunk)) {
    flush();
    words.push('<name>');
    return;
  }
  const length = chunk.length;
  let at = 0;
  while (at < length) {
    const code = chunk.charCodeAt(at);
    if (isLetter(code) || isDigit(code) || isLeetStart(chunk, at)) {
      const begin = at;
      at += 1;
      while (at < length && isInner(chunk, at)) at += 1;
      const word = chunk.slice(begin, at);
      if (word.length === 1 && isLetter(code)) singles.push(word);
      else {
        flush();
        words.push(FIGURE.test(word) ? '<figure>' : shorten(unleet(word)));
      }
      continue;
    }
    if (code === QUESTION || code === EXCLAMATION || code === QUOTE) {
      flush();
      words.push(chunk.charAt(at));
    } else if (code >= 0x80) {
      flush();
      const sign = signAt(chunk, at);
      words.push(...(wordsOfEmoji(sign) ?? [sign]));
      at += sign.length;
      continue;
    }
    at += 1;
  }
}

/** One character, or the two of a flag. */
function signAt(chunk: string, at: number): string {
  const sign = String.fromCodePoint(chunk.codePointAt(at) ?? 0xfffd);
  if (!isFlagLetter(sign)) return sign;
  const next = String.fromCodePoint(chunk.codePointAt(at + sign.length) ?? 0);
  return isFlagLetter(next) ? sign + next : sign;
}

const QUESTION = 63;
const EXCLAMATION = 33;
const QUOTE = 34;
const APOSTROPHE = 39;
const STAR = 42;

const isSpace = (code: number): boolean =>
  code <= 32 ||
  (code >= 0x80 &&
    (code === 0x85 ||
      code === 0xa0 ||
      (code >= 0x2000 && code <= 0x200a) ||
      code === 0x2028 ||
      code === 0x2029 ||
      code === 0x3000));
const isLetter = (code: number): boolean => code >= 97 && code <= 122;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const leetOf = (code: number): number => (code < 128 ? (LEET[code] ?? 0) : 0);

/** A sign that begins a word: `$` and `@` before a letter. */
function isLeetStart(chunk: string, at: number): boolean {
  const code = chunk.charCodeAt(at);
  return (code === 36 || code === 64) && isLetter(chunk.charCodeAt(at + 1));
}

/** What goes on with a word: letters, digits, an apostrophe or a mask before a letter, and signs that spell one. */
function isInner(chunk: string, at: number): boolean {
  const code = chunk.charCodeAt(at);
  if (isLetter(code) || isDigit(code)) return true;
  const next = chunk.charCodeAt(at + 1);
  if (code === APOSTROPHE) return isLetter(next);
  if (code === STAR || code === 35 || code === 95) return isLetter(next) || isMask(next);
  if (code === EXCLAMATION || code === 43 || code === 124) return isLetter(next) || leetOf(next) !== 0;
  return leetOf(code) !== 0;
}

const isMask = (code: number): boolean => code === STAR || code === 35;

/** `sh0p` as `shop`, `w#rd` as `w*rd`. */
function unleet(word: string): string {
  let plain = true;
  for (let at = 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at);
    if (!isLetter(code) && code !== APOSTROPHE && code !== STAR) {
      plain = false;
      break;
    }
  }
  if (plain) return word;
  let read = '';
  for (let at = 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at);
    const leet = leetOf(code);
    if (leet !== 0) read += String.fromCharCode(leet);
    else if (code === 35) read += '*';
    else if (code !== 95) read += word.charAt(at);
  }
  return read;
}

/** At most two of a letter in a row, and no word without end. */
function shorten(word: string): string {
  const short = word.length > WORD_CHARACTERS ? word.slice(0, WORD_CHARACTERS) : word;
  return short.length > 2 ? short.replace(THRICE, '$1$1') : short;
}

function leetTable(letters: Readonly<Record<string, string>>): Uint8Array {
  const table = new Uint8Array(128);
  for (const [sign, letter] of Object.entries(letters)) table[sign.charCodeAt(0)] = letter.charCodeAt(0);
  return table;
}
