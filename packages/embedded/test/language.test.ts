import { expect, test } from 'vitest';
import { embedded } from '../src/index.ts';

const isTakenForEnglish = async (text: string): Promise<boolean> => (await embedded().explain(text)).isEnglish;

test.each([
  'The weather is fine and we go for a walk.',
  'hello',
  'ok thanks bye',
  '',
  '12345 !!!',
  '🙂🙂🙂',
  'We had crème brûlée with Zoë at the café in São Paulo.',
  'The word for tea is чай in Russian.',
  'Ｔｈｅ ｗｅａｔｈｅｒ ｉｓ ｆｉｎｅ',
  'git commit --amend && npm install',
  'gonna grab lunch brb lol',
])('English: %s', async (text) => {
  expect(await isTakenForEnglish(text)).toBe(true);
});

test.each([
  'Das Wetter ist schön und wir gehen an den See.',
  'El tiempo es bueno y vamos a caminar por la playa.',
  "Il fait beau et nous allons au bord de l'eau avec les enfants.",
  'O tempo está bom e nós vamos para a praia com as crianças.',
  'Il tempo è bello e andiamo a fare una passeggiata con gli amici.',
  'Het weer is mooi en wij gaan met de kinderen naar het strand.',
  'Pogoda jest ładna i idziemy na spacer nad jezioro.',
  'Hava çok güzel ve biz göle yürüyüşe gidiyoruz.',
  'Vädret är fint och vi går till sjön med barnen.',
  'Погода хорошая, и мы идём гулять.',
  'Привет',
  'الطقس جميل ونحن نذهب في نزهة',
  '天气很好,我们去散步。',
  '今日はいい天気ですね',
  '날씨가 좋아요',
  'मौसम अच्छा है',
  'האוויר נעים היום',
])('not English: %s', async (text) => {
  expect(await isTakenForEnglish(text)).toBe(false);
});
