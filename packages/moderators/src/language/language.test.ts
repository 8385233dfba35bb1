import { isConfigurationError, type Item } from '@chaperone/core';
import { moderateOptions, testModerator } from '@chaperone/testing';
import { readFile } from 'node:fs/promises';
import { francAll } from 'franc-min';
import { describe, expect, test } from 'vitest';
import { language } from '../index.ts';
import { canonical, LANGUAGES } from './languages.ts';

const TEXTS: { readonly [tag: string]: string } = {
  en: 'The sun was shining on the lake, and we had a very good day together with our friends.',
  fr: 'Le soleil brillait sur le lac et nous avons passé une très bonne journée avec nos amis.',
  de: 'Die Sonne schien auf den See, und wir hatten mit unseren Freunden einen schönen Tag.',
  es: 'El sol brillaba sobre el lago y pasamos un día muy agradable junto con nuestros amigos.',
  zh: '今天湖面上阳光灿烂，我们和朋友们一起度过了非常愉快的一天，然后又在湖边的小餐馆吃了一顿丰盛的晚饭才回家。',
  ja: '湖には太陽が輝いていて、私たちは友達と一緒にとても楽しい一日を過ごしました。それから家に帰りました。',
  ru: 'Солнце светило над озером, и мы очень хорошо провели день вместе с нашими друзьями.',
  ar: 'كانت الشمس مشرقة فوق البحيرة وقضينا يوما جميلا جدا مع أصدقائنا ثم عدنا إلى البيت.',
  hi: 'झील पर धूप खिली हुई थी और हमने अपने दोस्तों के साथ बहुत अच्छा दिन बिताया और फिर घर लौट आए।',
};

const item = (text: string): Item => ({ segment: { kind: 'text', role: 'user', path: 'p', text }, stage: 'input' });
async function statusOf(languages: readonly string[], text: string): Promise<string | undefined> {
  const [report] = await language(languages).moderate([item(text)], moderateOptions());
  return report?.status;
}

describe.each(Object.entries(TEXTS))('a text in %s', (tag, text) => {
  test('is clear where its language is allowed, alone or among others, however the tag is written', async () => {
    for (const allowed of [[tag], ['en', tag, 'pt'], [`${tag.toUpperCase()}-XX`]])
      expect(await statusOf(allowed, text)).toBe('clear');
  });

  test('is flagged where another one is', async () => {
    for (const other of Object.keys(TEXTS).filter((each) => each !== tag))
      expect(await statusOf([other], text), other).toBe('flagged');
  });
});

test.each(['ok', 'Merci !', '12345 67890 12345 67890 12345 67890 12345', '🙂🙂🙂', '', 'zorp '.repeat(3)])(
  '%j is too little to tell: clear, without a score',
  async (text) => {
    expect(await language(['zh']).moderate([item(text)], moderateOptions())).toEqual([
      { status: 'clear', flagged: [], scores: {} },
    ]);
  },
);

test.each<[string, string]>([
  ['Hebrew', 'השמש זורחת היום מעל ההרים והאנשים הולכים לאט אל השוק לקנות לחם וחלב ודבש'],
  ['Georgian', 'მზე დღეს მთებზე ანათებს და ხალხი ნელა მიდის ბაზარში პურისა და რძის საყიდლად'],
  ['Hebrew with a word of English', 'hello השמש זורחת היום מעל ההרים והאנשים הולכים לאט אל השוק לקנות לחם'],
])('A text in a script that no known language is written in is flagged: %s', async (_, text) => {
  expect(await language(['en', 'ru']).moderate([item(text)], moderateOptions())).toMatchObject([
    { status: 'flagged', scores: { language: 1 } },
  ]);
});

describe('another language is heard', () => {
  const german = 'Die Sonne scheint heute und die Leute gehen langsam zum Markt um Brot und Milch zu kaufen. ';
  const english = 'The sun shines today over the mountains and people walk slowly to the market to buy bread. ';
  const apart = (text: string, between: string): string => text.split('').join(between);
  const shift = (text: string, from: string, to: number): string =>
    text.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(to + letter.charCodeAt(0) - from.charCodeAt(0)));

  test.each<[string, string]>([
    ['behind digits', '1234567890'.repeat(300) + german.repeat(3)],
    ['behind line ends', '\n'.repeat(3_000) + german.repeat(3)],
    ['behind a long text in an allowed one', english.repeat(25) + german.repeat(25)],
    ['before a long text in an allowed one', german.repeat(25) + english.repeat(100)],
    ['where it repeats itself', german.repeat(40)],
    ['in mathematical letters', shift(german, 'a', 0x1d41a)],
    ['in wide letters', shift(german, 'a', 0xff41)],
    ['with invisible characters between its letters', apart(german, '\u200b')],
    ['with spaces between its letters', apart(german, ' ')],
  ])('%s', async (_, text) => {
    expect(await statusOf(['en'], text)).toBe('flagged');
    expect(await statusOf(['en', 'de'], text)).toBe('clear');
  });
});

test('A long text that hardly repeats itself is as clear as a short one', async () => {
  const licence = await readFile(new URL('../blocklist/UNICODE-LICENSE.txt', import.meta.url), 'utf8');
  expect(await statusOf(['en'], licence)).toBe('clear');
  for (const other of ['de', 'nl', 'fr', 'es']) expect(await statusOf([other], licence), other).toBe('flagged');
});

test('A long text takes a time that grows with its length', async () => {
  const timeOf = async (characters: number): Promise<number> => {
    const text = 'A walk by the lake is what everybody wanted on that day. '.repeat(characters / 57);
    const begun = performance.now();
    await statusOf(['en'], text);
    return performance.now() - begun;
  };
  await timeOf(57_000);
  expect(await timeOf(570_000)).toBeLessThan(10 * 4 * (await timeOf(57_000)) + 100);
});

test('Every language that the library tells apart can be named, and no other', async () => {
  // One text for each script, so that the library gives all that it knows of it.
  const heard = new Set<string>();
  for (const text of Object.values(TEXTS))
    for (const [code] of francAll(text, { minLength: 1 })) heard.add(canonical(code));
  expect(heard.size).toBeGreaterThan(60);
  for (const code of heard) expect(LANGUAGES).toContain(code);
  expect(new Set(LANGUAGES).size).toBe(LANGUAGES.length);
});

test.each<[string, unknown]>([
  ['language.languages must be a list of languages', []],
  ['language.languages must be a list of languages', 'en'],
  ['language.languages[1] is not a language that it knows', ['en', 'xx']],
  ['language.languages[0] is not a language that it knows', ['English']],
])('%s', (problem, languages) => {
  try {
    language(languages as readonly string[]);
    expect.unreachable();
  } catch (error) {
    expect(isConfigurationError(error) && error.message).toContain(problem);
  }
});

describe('as a moderator', () => {
  testModerator(language(['en']), { flagged: TEXTS['fr'] ?? '', clear: TEXTS['en'] ?? '', test });
});
