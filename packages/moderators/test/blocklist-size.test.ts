import type { Item } from '@chaperone/core';
import { moderateOptions } from '@chaperone/testing';
import { expect, test } from 'vitest';
import { blocklist } from '../src/index.ts';

const TERMS = 100_000;

/** The same numbers in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
}

const random = randomNumbers(7);
const word = (): string =>
  Array.from({ length: 4 + Math.floor(random() * 12) }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join(
    '',
  );
const terms = Array.from({ length: TERMS }, () => (random() < 0.3 ? `${word()} ${word()}` : word()));

/** A text in which every other word is almost a term, so that the automaton is deep in it all the time. */
function hostile(length: number): string {
  const words: string[] = [];
  for (let size = 0; size < length;) {
    const next = `${random() < 0.5 ? word() : (terms[Math.floor(random() * TERMS)] ?? '')}7`.replaceAll(' ', '7 ');
    words.push(next);
    size += next.length + 1;
  }
  return `${words.join(' ').slice(0, length)}7`; // a word that was cut is no term either
}

const item = (text: string): Item => ({ segment: { kind: 'text', role: 'user', path: 'p', text }, stage: 'input' });

test('A list of 100,000 terms loads fast, stays small, and judges in time that grows with the text alone', async () => {
  const before = process.memoryUsage();
  const begun = performance.now();
  const large = blocklist(terms);
  const loading = performance.now() - begun;
  const memory = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  const small = blocklist(terms.slice(0, 100));

  /** Microseconds for 1,000 characters, the best of several. */
  const timeOf = async (list: typeof large, text: string, status: string): Promise<number> => {
    let best = Infinity;
    for (let round = 0; round < 7; round += 1) {
      const start = performance.now();
      expect(await list.moderate([item(text)], moderateOptions())).toMatchObject([{ status }]);
      best = Math.min(best, ((performance.now() - start) * 1_000) / (text.length / 1_000));
    }
    return best;
  };
  const [short, long] = [hostile(20_000), hostile(400_000)];
  const [ofShort, ofLong] = [await timeOf(large, short, 'clear'), await timeOf(large, long, 'clear')];
  const ofFew = await timeOf(small, long, 'clear');
  console.log(
    `blocklist: ${TERMS} terms in ${loading.toFixed(0)} ms and ${(memory / 2 ** 20).toFixed(0)} MiB; ` +
      `${ofShort.toFixed(0)} µs for 1,000 characters of 20,000, ${ofLong.toFixed(0)} of 400,000, ${ofFew.toFixed(0)} with 100 terms`,
  );

  expect(loading).toBeLessThan(5_000);
  expect(memory).toBeLessThan(100 * 2 ** 20);
  expect(ofLong).toBeLessThan(4 * ofShort); // linear: twenty times the text at the same price, and a busy machine's noise
  expect(ofLong).toBeLessThan(15 * ofFew); // a thousand times the terms; what is left is the memory that is further away
  for (const at of [0, 999, TERMS - 1])
    expect(await large.moderate([item(`a ${terms[at]} b`)], moderateOptions())).toMatchObject([{ status: 'flagged' }]);
});
