import { checksum } from './checksum.ts';
import { ModelFileError } from './model-file-error.ts';
import { createFeatureTable } from './feature-table.ts';
import { CATEGORIES, type EmbeddedCategory } from '../categories.ts';
import type { Model } from './model.ts';
import { OUTPUTS } from './outputs.ts';

/*
 * The file: `CHPE`, a version, the length and the CRC-32 of what follows, then a name, the sizes, the biases, the matrix
 * behind the hidden layer, the calibration, a scale for each column, the features in ascending order as differences, their
 * weights column by column, and the lexicon. Numbers are little-endian. A weight is its sign, and the square root of its
 * size on a scale of so many steps, which keeps small weights apart where most of them are: 127 steps in a byte for an
 * output, 7 in half a byte for a hidden unit, of which there are many and each says little.
 */
const MAGIC = 0x45504843;
const VERSION = 3;
const HEADER = 16;

/**
 * @throws ModelFileError where a byte is missing or is not as it was written.
 */
export function readModel(bytes: Uint8Array): Model {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC)
    throw new ModelFileError(
      'This is not a model of @chaperone/embedded, or hardly the beginning of one: install the package again.',
    );
  const version = view.getUint32(4, true);
  if (version !== VERSION)
    throw new ModelFileError(
      `The model file is of version ${version} and this code reads ${VERSION}: install the package again.`,
    );
  const length = view.getUint32(8, true);
  if (bytes.length !== HEADER + length)
    throw new ModelFileError(
      `The model file should have ${HEADER + length} bytes and has ${bytes.length}: install the package again.`,
    );
  const body = bytes.subarray(HEADER);
  if (checksum(body) !== view.getUint32(12, true))
    throw new ModelFileError('The model file was changed since it was written: install the package again.');
  return readBody(body);
}

function readBody(body: Uint8Array): Model {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  const integer = (): number => {
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  };
  const numbers = (count: number): Float32Array => {
    const values = Float32Array.from({ length: count }, (_, place) => view.getFloat32(at + place * 4, true));
    at += count * 4;
    return values;
  };
  const difference = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at] ?? 0;
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };

  const nameLength = integer();
  const name = new TextDecoder().decode(body.subarray(at, at + nameLength));
  at += nameLength;
  const size = integer();
  const hidden = integer();
  const width = OUTPUTS.length + hidden;
  const outputBias = numbers(OUTPUTS.length);
  const hiddenBias = numbers(hidden);
  const hiddenToOutput = numbers(hidden * OUTPUTS.length);
  const weights = recordOf(() => numbers(OUTPUTS.length + 1));
  const harm = numbers(OUTPUTS.length + 1);
  const halves = recordOf(() => numbers(1)[0] ?? 0);
  const scales = numbers(width);
  const features = new Uint32Array(size);
  let feature = 0;
  for (let place = 0; place < size; place += 1) {
    feature += difference();
    features[place] = feature;
  }
  const rows = new Float32Array(size * width);
  for (let column = 0; column < width; column += 1) {
    const scale = scales[column] ?? 0;
    if (column < OUTPUTS.length) {
      for (let place = 0; place < size; place += 1)
        rows[place * width + column] = sizeOf(view.getInt8(at + place), STEPS, scale);
      at += size;
      continue;
    }
    for (let place = 0; place < size; place += 1) {
      const pair = view.getUint8(at + (place >> 1));
      const code = ((place & 1) === 0 ? pair & 15 : pair >> 4) - HALF_STEPS;
      rows[place * width + column] = sizeOf(code, HALF_STEPS, scale);
    }
    at += (size + 1) >> 1;
  }
  const lexicon = new Map<number, readonly number[]>();
  const terms = integer();
  let term = 0;
  for (let place = 0; place < terms; place += 1) {
    term += difference();
    const categories = Array.from({ length: difference() }, difference);
    lexicon.set(term, categories);
  }
  const numberOf = createFeatureTable(features);
  const calibration = { weights, harm, halves };
  return { name, rows, hidden, outputBias, hiddenBias, hiddenToOutput, calibration, numberOf, lexicon };
}

const STEPS = 127;
const HALF_STEPS = 7;

const sizeOf = (code: number, steps: number, scale: number): number =>
  (Math.sign(code) * code * code * scale) / (steps * steps);

const codeOf = (weight: number, steps: number, scale: number): number =>
  scale === 0 ? 0 : Math.sign(weight) * Math.round(steps * Math.sqrt(Math.abs(weight) / scale));

function recordOf<Value>(read: () => Value): Record<EmbeddedCategory, Value> {
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(CATEGORIES.map((category) => [category, read()])) as Record<EmbeddedCategory, Value>;
}

/** The bytes that `readModel` reads. */
export function writeModel(model: Omit<Model, 'numberOf'> & { readonly features: Uint32Array }): Uint8Array {
  const { hidden, rows, features } = model;
  const width = OUTPUTS.length + hidden;
  const bytes: number[] = [];
  const integer = (value: number): void =>
    void bytes.push(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  const numbers = (values: Float32Array): void => void bytes.push(...new Uint8Array(Float32Array.from(values).buffer));
  const difference = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
  };

  const name = new TextEncoder().encode(model.name);
  integer(name.length);
  bytes.push(...name);
  integer(features.length);
  integer(hidden);
  numbers(model.outputBias);
  numbers(model.hiddenBias);
  numbers(model.hiddenToOutput);
  for (const category of CATEGORIES) numbers(model.calibration.weights[category]);
  numbers(model.calibration.harm);
  for (const category of CATEGORIES) numbers(Float32Array.of(model.calibration.halves[category]));
  const scales = Float32Array.from({ length: width }, (_, column) => {
    let largest = 0;
    for (let place = column; place < rows.length; place += width)
      largest = Math.max(largest, Math.abs(rows[place] ?? 0));
    return largest;
  });
  numbers(scales);
  let before = 0;
  for (const feature of features) {
    difference(feature - before);
    before = feature;
  }
  for (let column = 0; column < width; column += 1) {
    const scale = scales[column] ?? 0;
    const weightAt = (place: number): number => rows[place * width + column] ?? 0;
    if (column < OUTPUTS.length) {
      for (let place = 0; place < features.length; place += 1) bytes.push(codeOf(weightAt(place), STEPS, scale) & 255);
      continue;
    }
    const halfAt = (place: number): number => codeOf(weightAt(place), HALF_STEPS, scale) + HALF_STEPS;
    for (let place = 0; place < features.length; place += 2) bytes.push(halfAt(place) | (halfAt(place + 1) << 4));
  }
  integer(model.lexicon.size);
  before = 0;
  for (const [term, categories] of [...model.lexicon].toSorted(([one], [other]) => one - other)) {
    difference(term - before);
    before = term;
    difference(categories.length);
    for (const category of categories) difference(category);
  }

  const file = new Uint8Array(HEADER + bytes.length);
  file.set(bytes, HEADER);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, checksum(file.subarray(HEADER)), true);
  return file;
}
