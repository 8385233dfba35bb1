import { expect, test } from 'vitest';
import { loadModel } from '../src/model/load.ts';
import { OUTPUTS } from '../src/model/outputs.ts';
import { createCalculator } from '../src/score/calculate.ts';
import { eachPiece, hashWord, lexiconFeature, pairFeature, skipFeature, wordFeature } from '../src/score/features.ts';
import { createReader } from '../src/score/reader.ts';
import { shareOf } from '../src/score/share.ts';
import { createRandom } from '../train/random.ts';

const model = await loadModel();
const width = OUTPUTS.length + model.hidden;

/** The same as the calculator says, from the words alone and without remembering anything. */
function plainly(words: readonly string[]): readonly number[] {
  const known = (feature: number): readonly number[] => [model.numberOf(feature)].filter((number) => number >= 0);
  const ofWords = [...new Set(words)].flatMap((word) => {
    const own = new Set(known(wordFeature(hashWord(word))));
    eachPiece(word, (feature) => known(feature).forEach((number) => own.add(number)));
    for (const category of model.lexicon.get(wordFeature(hashWord(word))) ?? [])
      known(lexiconFeature(category)).forEach((number) => own.add(number));
    return [...own];
  });
  const hashes = words.map(hashWord);
  const pairs = new Set(hashes.slice(1).flatMap((hash, at) => known(pairFeature(hashes[at] ?? 0, hash))));
  const skips = new Set(hashes.slice(2).flatMap((hash, at) => known(skipFeature(hashes[at] ?? 0, hash))));
  const numbers = [...ofWords, ...pairs, ...skips];
  const share = shareOf(numbers.length);
  const sum = (column: number): number =>
    numbers.reduce((all, number) => all + (model.rows[number * width + column] ?? 0), 0) * share;
  return OUTPUTS.map((_, output) => {
    let value = sum(output) + (model.outputBias[output] ?? 0);
    for (let unit = 0; unit < model.hidden; unit += 1)
      value +=
        Math.max(0, sum(OUTPUTS.length + unit) + (model.hiddenBias[unit] ?? 0)) *
        (model.hiddenToOutput[unit * OUTPUTS.length + output] ?? 0);
    return value;
  });
}

test('a stretch of a text comes to what its words, pairs and skips come to, each counted once', () => {
  const random = createRandom(4);
  const vocabulary = [
    'you',
    'are',
    'a',
    'the',
    'walk',
    'idiot',
    'stupid',
    'by',
    'lake',
    'hate',
    'zorp',
    'not',
    'women',
  ];
  const read = createReader(model, false);
  const calculator = createCalculator(model);
  const outputs = new Float64Array(OUTPUTS.length);
  for (let round = 0; round < 200; round += 1) {
    const words = Array.from({ length: 40 }, () => vocabulary[Math.floor(random() * vocabulary.length)] ?? '');
    const reading = read(words);
    const begin = Math.floor(random() * 20);
    const middle = begin + Math.floor(random() * 10);
    calculator.begin(reading, begin);
    for (const end of [middle, 40]) {
      calculator.extend(end);
      calculator.readInto(outputs);
      const expected = plainly(words.slice(begin, end));
      for (const [at, value] of expected.entries()) expect(outputs[at]).toBeCloseTo(value, 3);
    }
  }
});
