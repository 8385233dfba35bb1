import { expect, test } from 'vitest';
import { decode } from '../src/model/decode.ts';
import { readModel } from '../src/model/model-file.ts';
import { embedded, ModelFileError } from '../src/index.ts';
import { MODEL_REVISION } from '../src/model/model-revision.ts';
import { checksum } from '../src/model/checksum.ts';
import { WEIGHTS } from '../src/model/weights.ts';

const bytes = decode(WEIGHTS);

test('is read as it was written', () => {
  expect(readModel(bytes).name).toMatch(/^chaperone-embedded-/);
  expect(Buffer.from(WEIGHTS, 'base64').equals(bytes)).toBe(true);
});

test('has a revision of its own, so that verdicts of another model are not taken for its', () => {
  expect(Number.parseInt(MODEL_REVISION, 16)).toBe(checksum(bytes));
  expect(embedded().revision).toContain(MODEL_REVISION);
});

test.each([0, 5, 9, 13, 100, 5_000, -1])('a changed byte at %i is noticed', (place) => {
  const changed = bytes.slice();
  const at = place < 0 ? changed.length + place : place;
  changed[at] = (changed[at] ?? 0) ^ 1;
  expect(() => readModel(changed)).toThrow(ModelFileError);
});

test.each([0, 3, 15, 16, 1_000, -1])('an end at %i is an error that says what to do', (end) => {
  expect(() => readModel(bytes.slice(0, end))).toThrow(/install the package again/);
});
