import { expect, test } from 'vitest';
import { readRetryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);
const read = (headers: { readonly [name: string]: string }): number | undefined =>
  readRetryAfter(new Headers(headers), NOW);

test('reads seconds, milliseconds and dates', () => {
  expect(read({ 'retry-after': '1.5' })).toBe(1500);
  expect(read({ 'retry-after-ms': '12.5' })).toBe(12.5);
  expect(read({ 'retry-after': new Date(NOW + 3000).toUTCString() })).toBe(3000);
});

test('never waits a negative time', () => {
  expect(read({ 'retry-after': '-5' })).toBe(0);
  expect(read({ 'retry-after': new Date(NOW - 3000).toUTCString() })).toBe(0);
});

test('falls back to what it can read', () => {
  expect(read({ 'retry-after-ms': 'x', 'retry-after': '2' })).toBe(2000);
  expect(read({})).toBe(0);
});

test('does not ask again where the server says so', () => {
  expect(read({ 'x-should-retry': 'false', 'retry-after': '2' })).toBeUndefined();
  expect(read({ 'x-should-retry': 'true' })).toBe(0);
});
