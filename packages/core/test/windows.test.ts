import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sentenceWindows, type Window, type WindowSettings } from '../src/chat/window.ts';

const DEFAULTS: WindowSettings = { first: 80, size: 400, context: 80, maxWait: 500, span: 0 };

function windowsOf(text: string, sizes: readonly number[], settings: Partial<WindowSettings> = {}): Window[] {
  const cutter = sentenceWindows({ ...DEFAULTS, ...settings });
  const windows: Window[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    windows.push(...cutter.push(text.slice(at, at + size), 0));
    at += size;
  }
  return [...windows, ...cutter.end()];
}

const word = fc.constantFrom(
  'zorp',
  'a',
  'frumious',
  'e.g.',
  '3.14',
  'end.',
  'what?',
  '"So!"',
  '坏话。',
  '好',
  'ไทย',
  '\n',
  '  ',
  '🙂',
  '👩‍👩‍👧',
  'é',
  '\uD83D',
  '\u200b',
);
const text = fc.oneof(
  fc.array(word, { maxLength: 300 }).map((words) => words.join(' ')),
  fc.array(word, { maxLength: 300 }).map((words) => words.join('')),
  fc.string({ unit: 'binary', maxLength: 1_500 }),
);
const settings = fc
  .record({
    first: fc.integer({ min: 1, max: 120 }),
    more: fc.nat({ max: 500 }),
    context: fc.nat({ max: 150 }),
    span: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
  })
  .map(({ first, more, context, span }) => ({ first, size: first + more, context, span }));
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });

describe('For any text, options and chunks', () => {
  test('windows join to the text, and do not depend on the chunks', () => {
    fc.assert(
      fc.property(text, settings, sizes, (text, settings, sizes) => {
        const windows = windowsOf(text, sizes, settings);
        expect(windows.map((each) => each.text).join('')).toBe(text);
        expect(windows).toEqual(windowsOf(text, [text.length], settings));
        let start = 0;
        let safe = 0; // what is held back of the last window leaves with the end
        for (const window of windows) {
          expect(window.start).toBe(start);
          expect(window.text).not.toBe('');
          expect(window.text.length).toBeLessThanOrEqual(Math.max(settings.size, 1));
          expect(text.slice(0, start).endsWith(window.before)).toBe(true);
          // What was held back is judged again.
          expect(window.before.length).toBeGreaterThanOrEqual(start - safe);
          expect(window.safe).toBeGreaterThanOrEqual(safe);
          expect(window.safe).toBeLessThanOrEqual(window.end);
          start = window.end;
          safe = window.safe;
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test('a match no longer than the span never begins in what may leave and ends in what comes later', () => {
    fc.assert(
      fc.property(text, settings, (text, settings) => {
        for (const { end, safe } of windowsOf(text, [7], settings).slice(0, -1))
          expect(end - safe).toBeGreaterThanOrEqual(Math.min(end, settings.span));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('The size of windows', () => {
  const prose = 'The slithy toves did gyre and gimble in the wabe, and all of them were mimsy. ';
  test('the first closes at the first sentence end, later ones grow and close at sentence ends', () => {
    const windows = windowsOf(prose.repeat(40), [4]);
    expect(windows[0]?.text).toBe(prose);
    expect(windows.every((each) => each.text.endsWith('. '))).toBe(true);
    expect(windows.map(({ text }) => text.length)).toEqual([78, 234, 390, 390, 390, 390, 390, 390, 390, 78]);
  });

  test('a reply of 1,700 characters takes at most 8, and 1.3 times its characters', () => {
    for (const sample of [prose, 'word and another word without an end ', '他们都很好。', 'x']) {
      const reply = sample.repeat(1_700).slice(0, 1_700);
      const windows = windowsOf(reply, [4]);
      expect(windows.length).toBeLessThanOrEqual(8);
      const judged = windows.reduce((sum, { before, text }) => sum + before.length + text.length, 0);
      expect(judged / reply.length).toBeLessThanOrEqual(1.3);
    }
  });

  test('without a sentence end the last word and 24 characters are held back', () => {
    const [first] = windowsOf('word '.repeat(100), [5]);
    expect(first?.text.length).toBeLessThanOrEqual(80);
    expect(first && first.end - first.safe).toBeGreaterThanOrEqual(24);
    expect(first && 'word '.repeat(100).slice(0, first.safe)).toMatch(/ $/);
  });

  test('a megabyte is cut in linear time', () => {
    const begun = performance.now();
    expect(windowsOf(prose.repeat(13_000), [4]).length).toBeGreaterThan(2_500);
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});

describe('Text that has waited', () => {
  test('closes at its last sentence end, else after `first` characters, else with its sentence', () => {
    const cutter = sentenceWindows(DEFAULTS);
    cutter.push('One. ', 0); // the first window
    expect(cutter.push('Two is a sentence. Three is n', 100)).toEqual([]);
    expect(cutter.due).toBe(600);
    expect(cutter.wait(599)).toEqual([]);
    expect(cutter.wait(600)).toMatchObject([{ text: 'Two is a sentence. ' }]);
    expect(cutter.due).toBe(600); // what is left came then too
    expect(cutter.wait(600)).toEqual([]);
    expect(cutter.due).toBe(Infinity);
    expect(cutter.push('o longer open. And', 700)).toMatchObject([{ text: 'Three is no longer open. ' }]);
  });
});

test('Lines without end are cut in time that grows with their number', () => {
  const cost = (text: string): number => {
    const start = performance.now();
    windowsOf(text, [text.length]);
    return performance.now() - start;
  };
  for (const line of ['\n', 'a, b\n']) {
    cost(line.repeat(20_000));
    const few = cost(line.repeat(50_000));
    expect(cost(line.repeat(400_000))).toBeLessThan(40 * few + 200);
  }
});

test('White space and marks without end are held back only so far', () => {
  for (const nothing of [' ', '\n', '\u0301', '\u200b']) {
    const windows = windowsOf(`start ${nothing.repeat(20_000)}`, [4], { span: 20 });
    const judged = windows.reduce((sum, { before, text }) => sum + before.length + text.length, 0);
    expect(judged).toBeLessThan(3 * 20_000);
    expect(Math.max(...windows.map(({ end, safe }) => end - safe))).toBeLessThan(400);
  }
});
