import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { LOOK_ALIKES } from './look-alikes.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
/** Small capitals by the letter; x has none. */
const SMALL_CAPITALS = 'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡ-ʏᴢ';

// Unicode's confusables.txt as data, from a package that ships it; its code maps ASCII to ASCII and is not used.
const confusables: { readonly [from: string]: string } = createRequire(import.meta.url)('unhomoglyph/data.json');

const small = new Map<string, string>([
  ...Array.from(SMALL_CAPITALS, (from, at) => [from, ALPHABET[at]!] as const).filter(([from]) => from !== '-'),
  ['ĸ', 'k'],
  ['ʍ', 'm'],
]);

const bare = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '');

function lettersOf(target: string): string {
  const letters = Array.from(bare(target), (one) => small.get(one) ?? one)
    .join('')
    .toLowerCase();
  if (letters === 'rn') return 'm'; // the file's name for the class of m
  return letters === 'ƅ' ? 'b' : letters;
}

/** The whole table, from Unicode's file and the few additions. */
function derive(): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  const add = (from: string, letters: string): void => {
    // What compatibility forms and accents account for never reaches the table.
    if (bare(from) === from && from.charCodeAt(0) > 0x7f && !table.has(from)) table.set(from, letters);
  };
  for (const [from, letter] of small) add(from, letter);
  for (const [from, target] of Object.entries(confusables)) {
    const letters = lettersOf(target);
    const isCapitalI = letters === 'l' && lettersOf(confusables[from.toLowerCase()] ?? '') === 'i';
    if (/^[a-z]$/.test(letters)) add(from, isCapitalI ? 'i' : letters);
    else if (/^[a-z]{2}$/.test(letters) && /\p{Script=Latin}/u.test(from)) add(from, letters);
  }
  for (let at = 0; at < 26; at += 1)
    for (const first of [0x1f150, 0x1f170]) add(String.fromCodePoint(first + at), ALPHABET[at]!);
  return table;
}

const shipped = new Map(
  Object.entries(LOOK_ALIKES).flatMap(([letters, from]) => Array.from(from, (one) => [one, letters] as const)),
);

test('the table is what Unicode and the additions amount to', () => {
  expect(Object.fromEntries(shipped)).toEqual(Object.fromEntries(derive()));
  expect(shipped.size).toBeGreaterThan(600);
});

test('nothing of ASCII is in it, and nothing is in it twice', () => {
  expect([...shipped.keys()].join('')).not.toMatch(/[\0-\u007f]/);
  expect(Object.values(LOOK_ALIKES).flatMap((from) => Array.from(from))).toHaveLength(shipped.size);
});

test('it leads to small ASCII letters alone', () => {
  expect(Object.keys(LOOK_ALIKES).join('')).toMatch(/^[a-z]+$/);
});
