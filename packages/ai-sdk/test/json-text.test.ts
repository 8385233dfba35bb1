import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../src/json-text.ts';

describe('JSON by what it says', () => {
  test.each([
    ['{ "a" : "b", "c": ["d" , 1] }', '{"a":"b","c":["d",1]}'],
    [String.raw`{"a":"z\u006frp"}`, '{"a":"zorp"}'],
    [String.raw`{"a\"": "\\", "\\":"\"\":"}`, String.raw`{"a\"":"\\","\\":"\"\":"}`],
  ])('%s is written in one way', (json, expected) => {
    expect(canonicalJson(json)).toBe(expected);
  });

  test.each(['not JSON', '"', '{"a":1,"a":2}', String.raw`{"\u0061":1, "a":2}`, '[{"a":1},{"b":1,"b":{"a":1}}]'])(
    '%s stays as it is, for nothing that was written may be lost',
    (json) => {
      expect(canonicalJson(json)).toBe(json);
    },
  );

  test.each<readonly [string, string]>([
    ['letters', 'a'],
    ['escapes', String.raw`\n`],
    ['backslashes', String.raw`\\`],
  ])('a text of 32 MB is read without a failure: %s', (_, piece) => {
    const json = `{"a":"${piece.repeat(32_000_000 / piece.length)}"}`;
    expect(canonicalJson(json) === json).toBe(true);
    expect(canonicalJson(json.slice(0, -2)) === json.slice(0, -2)).toBe(true);
  });

  test('what is nested too deeply to be written stays as it is', () => {
    const json = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(canonicalJson(json) === json).toBe(true);
  });
});
