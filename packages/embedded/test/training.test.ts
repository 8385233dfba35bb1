import { expect, test } from 'vitest';
import { readModel } from '../src/model/model-file.ts';
import { createScorer } from '../src/score/scorer.ts';
import { bytesOf, learnFrom } from '../train/build.ts';
import { calibrate, withHalves } from '../train/calibrate.ts';
import type { Row } from '../train/data.ts';
import { toExamples } from '../train/examples.ts';
import { averagePrecision } from '../train/metrics.ts';
import { createRandom } from '../train/random.ts';

const LABELS = [
  'harassment',
  'hate',
  'violence',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'illicit',
  'illicit/violent',
  'toxic',
  'threat',
];
const HARMLESS = ['walk', 'lake', 'bread', 'quiet', 'morning', 'the', 'a', 'we', 'by', 'noon'];

/** Texts of which every second holds the word for one of the labels. */
function sample(count: number): readonly Row[] {
  const random = createRandom(3);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  return Array.from({ length: count }, (_, at) => {
    const label = at % 2 === 0 ? undefined : LABELS[at % LABELS.length];
    const words = Array.from({ length: 8 }, () => pick(HARMLESS));
    if (label !== undefined) words[at % 8] = `zorp${label.replaceAll(/[^a-z]/g, '')}`;
    return {
      text: words.join(' '),
      labels: Object.fromEntries(
        LABELS.map((each) => [
          each,
          Number(
            each === label ||
              (label === 'threat' && each === 'harassment') ||
              (label === 'violence' && each === 'hate') ||
              (each === 'threat' && label === 'violence'),
          ),
        ]),
      ),
      weight: 1,
      source: 'sample',
    };
  });
}

const silent = { step() {}, tell() {}, end() {} };

function train(): Uint8Array {
  const rows = sample(2_000);
  const lexicon = new Map([['zorphate', [0]]]);
  const examples = toExamples(rows, lexicon);
  const learnt = learnFrom(examples, () => true, silent, 300);
  const { weigh } = createScorer(readModel(bytesOf('', learnt, lexicon)));
  const relative = calibrate(
    rows,
    rows.map(({ text }) => weigh(text)),
  );
  return bytesOf('sample', learnt, lexicon, withHalves(relative, rows, weigh));
}

test('the same data gives the same bytes, and a model that has learnt from it', () => {
  const bytes = train();
  expect(Buffer.from(train()).equals(bytes)).toBe(true);
  const scorer = createScorer(readModel(bytes));
  const flagged = scorer.score('we walk by the zorpsexual lake').scores;
  const clear = scorer.score('we walk by the quiet lake').scores;
  expect(flagged.sexual).toBeGreaterThan(0.5);
  expect(clear.sexual).toBeLessThan(0.1);
  expect(flagged.hate).toBeLessThan(0.3);
});

test('the area under the precision-recall curve takes ties together', () => {
  expect(averagePrecision([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0])).toBe(1);
  expect(averagePrecision([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])).toBe(0.25);
  expect(averagePrecision([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1])).toBeCloseTo(0.5);
});
