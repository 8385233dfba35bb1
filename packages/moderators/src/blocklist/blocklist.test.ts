import { isConfigurationError, type CategoryOf, type Item } from '@chaperone/core';
import { moderateOptions, testModerator } from '@chaperone/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { blocklist } from '../index.ts';

const item = (text: string, before?: string): Item => ({
  segment: { kind: 'text', role: 'user', path: 'text', text },
  stage: 'input',
  ...(before !== undefined && { before }),
});

async function finds(terms: readonly string[], text: string, before?: string): Promise<boolean> {
  const [report] = await blocklist(terms).moderate([item(text, before)], moderateOptions());
  return report?.status === 'flagged';
}

function problemOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isConfigurationError(error)) return error.message;
    throw error;
  }
  return 'no problem';
}

describe('finds a term', () => {
  test.each<[string, string, string]>([
    ['that is the whole text', 'zorp', 'zorp'],
    ['at the start', 'zorp', 'zorp at dawn'],
    ['at the end', 'zorp', 'at dawn a zorp'],
    ['beside punctuation', 'zorp', '“zorp”, (zorp) zorp!'],
    ['in Markdown and snake case', 'zorp', 'a _zorp_ and **zorp** and my_zorp_1'],
    ['with a possessive', 'zorp', "the zorp's hat"],
    ['whatever its case', 'Zorp', 'A ZORP'],
    ['in full width', 'zorp', 'ａ ｚｏｒｐ!'],
    ['given in full width', 'ＺＯＲＰ', 'a zorp'],
    ['in mathematical letters', 'zorp', 'a 𝔷𝔬𝔯𝔭 and 𝐳𝐨𝐫𝐩'],
    ['in circled letters', 'zorp', 'ⓩⓞⓡⓟ'],
    ['in negative squared letters', 'zorp', '🆉🅾🆁🅿'],
    ['in small capitals', 'zorp', 'ᴢᴏʀᴘ'],
    ['with Cyrillic look-alikes', 'zorp', 'a zоrр'],
    ['in look-alikes alone', 'scope', 'ѕсоре'],
    ['with Greek look-alikes, large and small', 'hozen', 'ΗΟZΕΝ hοzεn Ηοzen'],
    ['with a Cyrillic І', 'blip', 'BLІP'],
    ['with look-alike symbols', 'zonk', 'z⊖nk'],
    ['with strokes', 'blorp', 'błørp'],
    ['with accents', 'zorp', 'zörp'],
    ['given with accents', 'zörp', 'a zorp'],
    ['under a heap of marks', 'zorp', `z${'\u0351\u0315\u0489'.repeat(200)}o\u0336rp`],
    ['with ligatures', 'fiblaerg', 'ﬁblærg'],
    ['with a zero-width space inside', 'zorp', 'z\u200bo\u200dr\u2060p'],
    ['with a soft hyphen, a byte order mark, a direction mark inside', 'zorp', 'z\u00ado\ufeffr\u202ep'],
    ['with a variation selector or a tag inside', 'zorp', 'z\ufe0forp zo\u{e0041}rp'],
    ['with a control character inside', 'zorp', 'z\u0000o\u0007rp'],
    ['in ß for SS', 'STRASS', 'straß'],
    ['in SS for ß', 'straß', 'STRASS'],
    ['in ẞ', 'straß', 'STRAẞ'],
    ['with a Turkish dotted capital', 'zirp', 'ZİRP'],
    ['with a Turkish dotless letter', 'zirp', 'zırp'],
    ['given with a Turkish dotted capital', 'İZORP', 'izorp'],
    ['whatever its sigma', 'ζορπσ', 'ΖΟΡΠΣ ζορπς'],
    ['in Cyrillic, whatever its case', 'Зорп', 'ЗОРП'],
    ['in Greek, whatever its case', 'ήλιος', 'ΗΛΙΟΣ'],
    ['in Cyrillic with Latin look-alikes', 'Зорп', 'Зopп'],
    ['with and without ё', 'ёлка', 'елка'],
    ['in Arabic, stretched and pointed', 'زورب', 'هذا زُـورب هنا'],
    ['in Hebrew, pointed', 'שלום', 'שָׁלוֹם'],
    ['of several words, across a line break', 'blue zorp', 'a blue\r\n   zorp'],
    ['of several words, with a wide blank', 'blue zorp', 'blue\u3000zorp blue\u3164zorp'],
    ['given with too much space', ' blue \t zorp ', 'a blue zorp'],
    ['given with a trade mark', 'Zorp™', 'a zorp'],
    ['with symbols behind it', 'c++', 'I know c++.'],
    ['with a dot in it', 'a.b', 'see a.b here'],
    ['made of the signs of a pattern', '(.*)[z]+$', 'try (.*)[z]+$ now'],
    ['with a backslash', '\\d', 'a \\d b'],
    ['of signs alone', '!!!', 'what!!!!'],
    ['that is an emoji', '🦄', 'a🦄b'],
    ['that is a joined emoji, however it is joined', '👩‍🚀', 'x👩‍🚀x'],
    ['of one letter', 'q', 'a q b'],
    ['of digits', '4711', 'call 4711 now'],
    ['beside a trade mark or a footnote', 'zorp', 'zorp™ or zorp²'],
    ['in Chinese, inside running text', '坏话', '他说坏话了'],
    ['in Japanese, inside running text', 'ゾープ', 'このゾープは'],
    ['in half-width kana', 'ゾープ', 'ｿﾞｰﾌﾟ'],
    ['in Korean, with a particle', '조르프', '조르프는'],
    ['in Korean, in letters one by one', '조르프', '조르프'.normalize('NFD')],
    ['in Thai, inside running text', 'ซอร์ป', 'นี่คือซอร์ปใหญ่'],
    ['in Khmer, inside running text', 'ហ្សប', 'នេះហ្សបធំ'],
    ['in Latin, between Chinese', 'zorp', '这是zorp吗'],
    ['in Latin, between kana', 'zorp', 'そのzorpは'],
    ['that mixes Latin and Chinese', 'zorp话', '说zorp话吧'],
    ['that is mixed, at a Latin edge', '话zorp', '说话zorp.'],
    ['beside an emoji', 'zorp', '😀zorp😀'],
    ['with format characters in it', 'zorp', 'z\ufff9o\u{13430}r\u0600p'],
    ['in the letters of flags', 'zorp', 'a 🇿🇴🇷🇵!'],
    ['with marks of other scripts', 'zorp', 'z\u093co\u{1e000}r\u0483p\u3099'],
    ['with marks of other scripts on look-alikes', 'zorp', 'zо\u{1e130}r\u2cefр\u{1d165}'],
  ])('%s', async (_, term, text) => {
    expect(await finds([term], text)).toBe(true);
  });

  test.each<[string, readonly string[], string]>([
    ['a shorter one where a longer one does not end', ['zor', 'zorpian'], 'a zor pian'],
    ['one inside another', ['the blue zorp', 'blue'], 'a blue hat'],
    ['one that overlaps the start of another', ['blue zorp', 'zorp hat'], 'a blu zorp hat'],
    ['one after a try that came to nothing', ['zozorp'], 'zo-zozorp'],
    ['one that ends like a longer one', ['abcd efgh', 'efgh'], 'abc efgh'],
  ])('%s', async (_, terms, text) => {
    expect(await finds(terms, text)).toBe(true);
  });
});

describe('does not find a term', () => {
  test.each<[string, string, string]>([
    ['inside a word', 'zorp', 'azorp zorps azorps zorpzorp zorp1 2zorp'],
    ['that is a part of harmless words', 'heck', 'checkers Scheckville heckled'],
    ['in letters of ASCII that look like it', 'bum', 'burn'],
    ['in digits that look like it', 'zorp', 'z0rp'],
    ['in small l for capital i', 'blip', 'bllp'],
    ['as a part of a longer word with accents', 'zorp', 'zorpé ézorp'],
    ['inside a Cyrillic word', 'зорп', 'зорпы'],
    ['inside a Greek word', 'ζορπ', 'ζορπα'],
    ['inside an Arabic word', 'زورب', 'زوربا'],
    ['inside a Hindi word', 'कल', 'कला'],
    ['in kana that are another word', 'かき', 'がき'],
    ['in letters with blanks between', 'zorp', 'z orp zo\u3164rp'],
    ['of two letters in a flag', 'de', 'a 🇩🇪 flag'],
    ['across a sentence', 'blue zorp', 'blue. zorp'],
    ['as the pattern that it looks like', 'z.rp', 'zorp'],
    ['beside a Latin letter, where its edge is Latin', '话zorp', '话zorps'],
    ['with a letter of another script at its Latin edge', 'c++', 'яc++'],
  ])('%s', async (_, term, text) => {
    expect(await finds([term], text)).toBe(false);
  });
});

describe('a text that continues one', () => {
  test('is judged with what it continues', async () => {
    expect(await finds(['zorp'], 'rp!', 'a zo')).toBe(true);
    expect(await finds(['blue zorp'], 'zorp', 'a blue ')).toBe(true);
    expect(await finds(['zorp'], 'zorp', 'a')).toBe(false);
    expect(await finds(['ゾ'], '\u3099', 'この\u30bd')).toBe(true);
    expect(await finds(['𝒛orp'], '\udc9borp', 'a \ud835')).toBe(true);
  });

  test('is not flagged again for what was there before', async () => {
    expect(await finds(['zorp'], ' and more', 'a zorp is here')).toBe(false);
    expect(await finds(['zorp'], 'e', 'cut off: zorp at daw')).toBe(false);
  });
});

test('says what it is', () => {
  expect(blocklist(['zorp', 'a  BLUE zorp'])).toMatchObject({
    name: 'blocklist',
    categories: ['blocklist'],
    span: 11,
    revision: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const named = blocklist(['zorp'], { category: 'rivals' });
  expect(named).toMatchObject({ name: 'blocklist:rivals', categories: ['rivals'] });
  expect(blocklist(['zorp'], { category: 'rivals', name: 'mine' }).name).toBe('mine');
  expectTypeOf<CategoryOf<typeof named>>().toEqualTypeOf<'rivals'>();
  const plain = blocklist(['zorp'], { name: 'mine' });
  expectTypeOf<CategoryOf<typeof plain>>().toEqualTypeOf<'blocklist'>();
});

test('reports the category with the score 1, and never the term', async () => {
  const moderator = blocklist(['zorp'], { category: 'rivals' });
  const image: Item = { segment: { kind: 'image', role: 'user', path: 'p' }, stage: 'input' };
  expect(await moderator.moderate([item('a ZORP'), item('fine'), image], moderateOptions())).toEqual([
    { status: 'flagged', flagged: ['rivals'], scores: { rivals: 1 } },
    { status: 'clear', flagged: [], scores: {} },
    { status: 'unsupported', reason: 'kind' },
  ]);
});

test('a category may have the name of an inherited member', async () => {
  const [report] = await blocklist(['zorp'], { category: 'constructor' }).moderate([item('zorp')], moderateOptions());
  expect(report).toEqual({ status: 'flagged', flagged: ['constructor'], scores: { constructor: 1 } });
});

test('does nothing for a call that was aborted', async () => {
  expect(await blocklist(['zorp']).moderate([item('zorp')], moderateOptions({ signal: AbortSignal.abort() }))).toEqual([
    { status: 'failed', reason: 'aborted' },
  ]);
});

test('a revision tells lists apart, and not the order or the spelling of a list', () => {
  const revision = (terms: readonly string[], category?: string): string | undefined =>
    blocklist(terms, category === undefined ? {} : { category }).revision;
  expect(revision(['zorp', 'blarg'])).toBe(revision(['Blarg', 'ｚorp', 'zorp']));
  const different = [
    revision(['zorp', 'blarg']),
    revision(['zorp']),
    revision(['zorpblarg']),
    revision(['zorp blarg']),
    revision(['zorp', 'blarh']),
    revision(['zorp', 'blarg'], 'rivals'),
    ...Array.from({ length: 2_000 }, (_, number) => revision([`zorp${number}`])),
  ];
  expect(new Set(different).size).toBe(different.length);
  expect(revision(['zorp'])).toBe('c46afca76c243281'); // on every platform, in every process
});

test('takes a list of any length', () => {
  const terms = Array.from({ length: 200_000 }, (_, number) => `z${number}`);
  expect(blocklist(terms).span).toBe(7);
});

test('changing the list afterwards changes nothing', async () => {
  const terms = ['zorp'];
  const moderator = blocklist(terms);
  terms[0] = 'blarg';
  const reports = await moderator.moderate([item('zorp'), item('blarg')], moderateOptions());
  expect(reports.map(({ status }) => status)).toEqual(['flagged', 'clear']);
});

describe('refuses', () => {
  // oxlint-disable-next-line unicorn/no-new-array -- a list with a hole
  const hole = new Array<string>(2).fill('zorp', 0, 1);
  test.each<[string, unknown, unknown]>([
    ['blocklist.terms is empty', [], {}],
    ['blocklist.terms must be a list of terms', 'zorp', {}],
    ['blocklist.terms must be a list of terms', undefined, {}],
    ['blocklist.terms[1] must be a text', ['zorp', 7], {}],
    ['blocklist.terms[1] must be a text', hole, {}],
    ['blocklist.terms[3] holds nothing that could be found', ['a', 'b', 'c', ''], {}],
    ['blocklist.terms[0] holds nothing that could be found', [' \n\u3000'], {}],
    ['blocklist.terms[0] holds nothing that could be found', ['\u200b\u0301'], {}],
    ['blocklist.categoy is not an option; the options are category, name', ['zorp'], { categoy: 'x' }],
    ["blocklist.category must be the name of a category, neither empty nor '*'", ['zorp'], { category: '*' }],
    ['blocklist.category must be', ['zorp'], { category: ' ' }],
    ['blocklist.name must be a text that is not empty', ['zorp'], { name: '' }],
    ['blocklist takes its options as an object', ['zorp'], 'rivals'],
  ])('%s', (problem, terms, options) => {
    expect(problemOf(() => Reflect.apply(blocklist, undefined, [terms, options]))).toContain(problem);
  });
});

describe('whatever the text', () => {
  const million = 1_000_000;
  const rows: readonly (readonly [string, string])[] = [
    ['one letter', 'a'.repeat(million)],
    ['almost a term, again and again', 'zor'.repeat(million / 3)],
    ['lone surrogates', '\ud800'.repeat(million)],
    ['low before high', '\udc00\ud800'.repeat(million / 2)],
    ['marks on one letter, out of order', `z${'\u0316\u0301'.repeat(million / 2)}`],
    ['Thai marks on one letter, out of order', `ก${'\u0e48\u0e38'.repeat(million / 2)}`],
    ['ligatures of eighteen letters', '\ufdfa'.repeat(million)],
    ['sigmas', 'Σ'.repeat(million)],
    ['white space', ' \n'.repeat(million / 2)],
    ['joiners', 'z\u200d'.repeat(million / 2)],
  ];
  test.each(rows)('a million characters of %s take less than two seconds', async (_, text) => {
    const moderator = blocklist(['zorp', `${'a'.repeat(200)}b`, 'зорп']);
    const begun = performance.now();
    expect(await moderator.moderate([item(text)], moderateOptions())).toMatchObject([{ status: 'clear' }]);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('3,000 terms over 100,000 characters take less than 50 ms', async () => {
    const terms = Array.from({ length: 3_000 }, (_, number) => `zo${(number * 7919).toString(36)}rp`);
    const moderator = blocklist(terms);
    const text = 'A quiet zo afternoon by the zo12 lake. '.repeat(2_600).slice(0, 100_000);
    const times: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const begun = performance.now();
      await moderator.moderate([item(text)], moderateOptions());
      times.push(performance.now() - begun);
    }
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe('as a moderator', () => {
  testModerator(blocklist(['zorp']), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
  testModerator(() => blocklist(['зорп', '坏话'], { category: 'rivals' }), {
    flagged: '他说坏话了',
    clear: '他说话了',
    test,
  });
});
