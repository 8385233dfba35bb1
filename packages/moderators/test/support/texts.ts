const WORDS = ['glimo', 'worpal', 'tandil', 'queshy', 'murnet', 'ombrik', 'jostel', 'pliver', 'navuk', 'hirrop'];
const CHARACTERS = Array.from('山水风云日月花木石田雨雪春秋江河');

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** So many characters of sentences; each number gives another text, and always the same. */
export function story(number: number, length: number, language: 'latin' | 'chinese' = 'latin'): string {
  const random = randomOf(number);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const several = (list: readonly string[], least: number): string[] =>
    Array.from({ length: least + Math.floor(random() * 5) }, () => pick(list));
  let text = `(${number}) `;
  while (text.length < length)
    text += language === 'latin' ? `The ${several(WORDS, 4).join(' ')}. ` : `${several(CHARACTERS, 6).join('')}。`;
  return text.slice(0, length);
}
