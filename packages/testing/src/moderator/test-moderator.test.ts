import type { Moderator, Report } from '@chaperone/core';
import { describe, expect, test } from 'vitest';
import { fakeModerator, testModerator, type TestFunction } from '../index.ts';

const samples = { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.' };
const good = fakeModerator({ flags: { zorp: 'violence' }, batch: { items: 3, characters: 30 } });

/** Runs the suite by hand and says which cases fail. */
async function failures(moderator: Parameters<typeof testModerator>[0]): Promise<string[]> {
  const cases: { title: string; body: () => Promise<void> }[] = [];
  const collect: TestFunction = (title, body) => cases.push({ title, body });
  testModerator(moderator, { ...samples, test: collect });
  expect(cases.length).toBeGreaterThan(20);
  const failed: string[] = [];
  for (const { title, body } of cases) await body().catch(() => failed.push(title));
  return failed;
}

const answering = (change: (reports: readonly Report[]) => readonly Report[]): Moderator => ({
  ...good,
  moderate: async (items, options) => change(await good.moderate(items, options)),
});

test('passes a good moderator, with batches, and one made anew for each case', async () => {
  expect(await failures(good)).toEqual([]);
  expect(await failures(() => fakeModerator({ flags: { zorp: 'violence' } }))).toEqual([]);
  expect(await failures(async () => fakeModerator({ flags: { zorp: 'violence' } }))).toEqual([]);
});

describe('finds what is wrong with a moderator that', () => {
  test('throws at odd texts', async () => {
    const moderator: Moderator = {
      ...good,
      async moderate(items, options) {
        for (const { segment } of items) encodeURIComponent(segment.text ?? '');
        return good.moderate(items, options);
      },
    };
    expect(await failures(moderator)).toContain('reports on a lone high surrogate');
  });

  test('ignores an aborted signal', async () => {
    const slow = fakeModerator({
      flags: { zorp: 'violence' },
      ignoresAbort: true,
      delay: 1_200,
    });
    const found = await failures({
      ...slow,
      moderate: (items, options) =>
        options.signal.aborted ? slow.moderate(items, options) : good.moderate(items, options),
      batch: good.batch!,
    });
    expect(found).toContain('ends promptly when its signal is aborted before it begins');
  });

  test('loses a report, or their order', async () => {
    expect(await failures(answering((reports) => reports.slice(1)))).toContain(
      'gives one report per item, in order, in batches as large as it takes',
    );
    expect(await failures(answering((reports) => reports.toReversed()))).toEqual(
      expect.arrayContaining(['gives one report per item, in order, in batches as large as it takes']),
    );
  });

  test('repeats the text', async () => {
    const moderator: Moderator = {
      ...good,
      moderate: async (items, options) =>
        (await good.moderate(items, options)).map((report, at) => ({
          ...report,
          message: `found in ${items[at]?.segment.text ?? ''}`,
        })),
    };
    expect(await failures(moderator)).toEqual(['repeats no word of the item in its report']);
  });

  test('writes to the items', async () => {
    const moderator: Moderator = {
      ...good,
      moderate: (items, options) => {
        for (const { segment } of items) Object.assign(segment, { text: segment.text?.trim() });
        return good.moderate(items, options);
      },
    };
    expect(await failures(moderator)).toEqual(['changes nothing in the items that it is given']);
  });

  test('flags what it does not list, or has no name', async () => {
    expect(await failures({ ...good, categories: ['other'] })).toEqual([
      'names what it flags by the categories that it lists',
    ]);
    expect(await failures({ ...good, name: '' })).toEqual(['has a name, and categories that are names']);
    expect(await failures({ ...good, categories: ['violence', '*'] })).toEqual([
      'has a name, and categories that are names',
    ]);
  });

  test('reports scores out of range, or what is no data', async () => {
    const scored = answering((reports) => reports.map((report) => ({ ...report, scores: { violence: 12 } })));
    expect(await failures(scored)).toContain('says the same of the same item twice');
    const dated = answering((reports) => reports.map((report) => ({ ...report, at: new Date(0) })));
    expect(await failures(dated)).toEqual(['reports plain data']);
  });

  test('forgets, or answers no items', async () => {
    let calls = 0;
    const fickle = answering((reports) => (calls++ % 2 === 0 ? reports : reports.map(() => clearReport)));
    expect(await failures(fickle)).toContain('says the same of the same item twice');
    expect(await failures(answering((reports) => (reports.length === 0 ? [clearReport] : reports)))).toEqual([
      'has no reports on no items',
    ]);
  });
});

test('says what to do where there is no test function', () => {
  expect(() => testModerator(good, samples)).toThrow('testModerator found no global `test` function');
});

const clearReport: Report = { status: 'clear', flagged: [], scores: {} };
