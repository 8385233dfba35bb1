import { expect, test } from 'vitest';
import { embedded } from '../src/index.ts';
import { learntTemplates, measuredTemplates } from '../train/templates.ts';
import { moderateOptions } from '@chaperone/testing';

const measured = measuredTemplates();

test('no sentence that measures was learnt', () => {
  const learnt = new Set(learntTemplates().map(({ text }) => text.toLowerCase()));
  expect(measured.filter(({ text }) => learnt.has(text.toLowerCase()))).toEqual([]);
  expect(measured.length).toBeGreaterThan(300);
});

test.each([
  ['identity', 0.15],
  ['counter-speech', 0.15],
  ['figure of speech', 0.15],
  ['medicine, law, news', 0.15],
])('of harmless sentences, %s, at most a share of %d is flagged', async (kind, limit) => {
  const some = measured.filter(({ type }) => type === kind);
  const reports = await embedded().moderate(
    some.map(({ text }) => ({ segment: { kind: 'text', role: 'user', path: 'text', text }, stage: 'input' })),
    moderateOptions(),
  );
  expect(reports.filter(({ status }) => status === 'flagged').length / some.length).toBeLessThanOrEqual(limit);
});
