import { expect, test } from 'vitest';
import { createMatcher } from './matcher.ts';

/** Small numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield state >>> 16;
  }
}

function stretches(terms: readonly string[], text: string): readonly string[] {
  const found: string[] = [];
  createMatcher(terms)(text, (start, end) => {
    found.push(`${start}-${end}`);
    return false;
  });
  return found.toSorted();
}

test('offers every stretch where a term stands, as a search term by term does', () => {
  const random = numbers(7);
  const word = (longest: number): string =>
    Array.from({ length: 1 + (random.next().value % longest) }, () => 'abc'[random.next().value % 3]).join('');
  for (let round = 0; round < 500; round += 1) {
    const terms = [...new Set(Array.from({ length: 8 }, () => word(5)))];
    const text = word(60);
    const expected = terms.flatMap((term) =>
      Array.from({ length: text.length }, (_, start) => start)
        .filter((start) => text.startsWith(term, start))
        .map((start) => `${start}-${start + term.length}`),
    );
    expect(stretches(terms, text)).toEqual(expected.toSorted());
  }
});

test('stops at the first stretch that is accepted', () => {
  const seen: number[] = [];
  expect(createMatcher(['a'])('aaaa', (start) => seen.push(start) === 2)).toBe(true);
  expect(seen).toEqual([0, 1]);
});
