import { expect, test } from 'vitest';
import { createRandom } from '../train/random.ts';
import { loadModel } from '../src/model/load.ts';
import { createScorer, type Scored } from '../src/score/scorer.ts';

const scorer = createScorer(await loadModel());

function expectScores({ scores }: Scored): void {
  for (const score of Object.values(scores)) if (!(score >= 0 && score <= 1)) throw new Error(`${score} is no score`);
}

/** Any code units at all, lone halves of pairs too; mostly those that something is made of. */
function anyText(random: () => number): string {
  const kind = random();
  const unit = (): number => {
    const draw = random();
    if (kind < 0.3 || draw < 0.4) return 32 + Math.floor(random() * 95);
    if (draw < 0.6) return Math.floor(random() * 0x600);
    if (draw < 0.7) return 0x2000 + Math.floor(random() * 0x100);
    if (draw < 0.8) return 0xd800 + Math.floor(random() * 0x800);
    return Math.floor(random() * 0x10000);
  };
  return String.fromCharCode(...Array.from({ length: Math.floor(random() ** 3 * 120) }, unit));
}

test('100,000 strings of any Unicode have scores from 0 to 1', { timeout: 120_000 }, () => {
  const random = createRandom(7);
  for (let round = 0; round < 100_000; round += 1) {
    expectScores(scorer.score(anyText(random)));
  }
});

const million = 1_000_000;
test.each<[string, string]>([
  ['words', 'a quiet afternoon by the lake '.repeat(million / 30)],
  [
    'words that are all different',
    Array.from({ length: million / 8 }, (_, at) => (at * 7919).toString(36).padStart(7, 'q')).join(' '),
  ],
  ['one letter', 'a'.repeat(million)],
  ['single letters', 'a '.repeat(million / 2)],
  ['signs in a word', 'a$'.repeat(million / 2)],
  ['masks', 'f***'.repeat(million / 4)],
  ['masked words', 'f**k '.repeat(million / 5)],
  ['lone surrogates', '\ud800'.repeat(million)],
  ['emoji', '🙂'.repeat(million / 2)],
  ['marks on one letter', `z${'\u0316\u0301'.repeat(million / 2)}`],
  ['ligatures of eighteen letters', '\ufdfa'.repeat(million)],
  ['addresses', 'https://example.test/'.repeat(million / 21)],
  ['digits', '1234567890 '.repeat(million / 11)],
  ['white space', ' \n'.repeat(million / 2)],
])('a million characters of %s take less than a second', (_, text) => {
  const begun = performance.now();
  expectScores(scorer.score(text));
  expect(performance.now() - begun).toBeLessThan(1_000);
});
