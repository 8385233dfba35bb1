import { expect, test } from 'vitest';
import { normalise } from './normalise.ts';

test('what is normalised stays as it is when normalised again', () => {
  for (const text of ['A  Zörp™', 'ΣΑΣ', 'Straße', 'ﬁ', 'か\u3099', 'ﷺ', '한글', 'İı', 'नमस्ते', 'z\u200bo', '🦄']) {
    const { plain } = normalise(text);
    expect(normalise(plain).plain).toBe(plain);
  }
});

test('every character is taken, alone and between letters', () => {
  for (let code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 7)
    expect(normalise(`a${String.fromCodePoint(code)}b`).plain).toMatch(/^a.*b$/su);
});

test('look-alikes differ from the plain reading only', () => {
  expect(normalise('Сор')).toEqual({ plain: 'сор', imitated: 'cop' });
  expect(normalise('cop')).toEqual({ plain: 'cop', imitated: 'cop' });
});

test('the time grows with the length alone, whatever marks are stacked', () => {
  const timeOf = (text: string): number => {
    const begun = performance.now();
    normalise(text);
    return performance.now() - begun;
  };
  for (const marks of ['\u094d\uff9e', '\u094d\uff9f', '\uff9e', '\u094d\u093c', '\u0301', '\u3099\u094d']) {
    timeOf(`\u0915${marks.repeat(1_000)}`);
    const small = timeOf(`\u0915${marks.repeat(10_000)}`);
    // Eight times the length: 8 is linear and 64 is not, and a busy machine has its share.
    expect(timeOf(`\u0915${marks.repeat(80_000)}`)).toBeLessThan(24 * small + 100);
  }
});
