import { expect, test } from 'vitest';
import { interleave, median } from '../src/rounds.ts';
import { holds, table } from '../src/table.ts';

test('a figure that meets its goal holds, one above it does not, one without a goal always does', () => {
  expect(holds({ what: '', goal: 2, measured: 2 })).toBe(true);
  expect(holds({ what: '', goal: 2, measured: 2.01 })).toBe(false);
  expect(holds({ what: '', goal: 2, measured: Number.NaN })).toBe(false);
  expect(holds({ what: '', measured: 9 })).toBe(true);
});

test('the table shows limit, goal and measurement, and names what was missed', () => {
  expect(
    table([
      { what: 'latency', limit: 2, goal: 2.05, measured: 2.031 },
      { what: 'CPU', goal: 100, measured: 120, unit: 'µs', digits: 0 },
    ]).split('\n'),
  ).toEqual([
    '          limit       goal   measured',
    'latency    2.00     ≤ 2.05       2.03       ok',
    'CPU           –   ≤ 100 µs     120 µs   MISSED',
  ]);
});

test('the median of an even number lies between the two in the middle', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('interleaved rounds take turns and begin with another one each time', async () => {
  const order: string[] = [];
  const measure = (name: string) => () => Promise.resolve(order.push(name));
  const results = await interleave(2, { a: measure('a'), b: measure('b') });
  expect(order).toEqual(['a', 'b', 'b', 'a']);
  expect(results).toEqual({ a: [1, 4], b: [2, 3] });
});
