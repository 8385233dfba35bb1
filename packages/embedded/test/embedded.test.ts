import { isConfigurationError, type Item } from '@chaperone/core';
import { moderateOptions, testModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { embedded } from '../src/index.ts';

const item = (text: string, before?: string): Item => ({
  segment: { kind: 'text', role: 'user', path: 'text', text },
  stage: 'input',
  ...(before !== undefined && { before }),
});

function problemOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isConfigurationError(error)) return error.message;
    throw error;
  }
  return 'no problem';
}

describe('as a moderator', () => {
  testModerator(embedded(), { flagged: 'You are a stupid idiot.', clear: 'A walk at dawn.', test });
});

test('says what it is', () => {
  const moderator = embedded();
  expect(moderator).toMatchObject({ name: 'embedded', inProcess: true });
  expect(moderator.categories).toHaveLength(13);
  expect(embedded({ thresholds: 'strict' }).revision).not.toBe(moderator.revision);
  expect(embedded({ name: 'mine' }).name).toBe('mine');
});

test('gives every category a score, and names the model', async () => {
  const moderator = embedded();
  const [report] = await moderator.moderate([item('A walk at dawn.')], moderateOptions());
  expect(report).toMatchObject({ status: 'clear', model: expect.stringMatching(/^chaperone-embedded-/) });
  if (report?.status !== 'clear') throw new Error('not judged');
  expect(Object.keys(report.scores).toSorted()).toEqual([...moderator.categories].toSorted());
});

test('an insult is no threat, and what threatens is never more of one than of its family', async () => {
  const texts = [
    'You are a stupid idiot.',
    'I will find you and beat you, idiot.',
    'I will hit you.',
    'A walk at dawn.',
  ];
  const reports = await embedded().moderate(
    texts.map((text) => item(text)),
    moderateOptions(),
  );
  const scores = reports.map((report) => {
    if (report.status === 'failed' || report.status === 'unsupported') throw new Error('not judged');
    return report.scores;
  });
  expect(scores[0]?.['harassment/threatening']).toBeLessThan(0.2);
  expect(scores[1]?.['harassment/threatening']).toBeGreaterThan(0.5);
  for (const family of ['harassment', 'hate'] as const)
    for (const each of scores) expect(each[`${family}/threatening`]).toBeLessThanOrEqual(each[family] ?? 0);
});

test('what shows violence in detail is at least as violent', async () => {
  const texts = [
    'Blood and bones, a skull and a wound.',
    'The bread is ready.',
    'Blood on the flesh, and a severed limb.',
  ];
  for (const text of texts) {
    const { scores } = await embedded().explain(text);
    expect(scores.violence).toBeGreaterThanOrEqual(scores['violence/graphic']);
  }
  expect((await embedded().explain(texts[0] ?? '')).scores['violence/graphic']).toBeGreaterThan(0.01);
});

test('judges a text together with what it continues', async () => {
  const [alone, continued] = await embedded().moderate(
    [item('idiot.'), item('idiot.', 'You are a stupid ')],
    moderateOptions(),
  );
  if (alone?.status === 'failed' || continued?.status !== 'flagged') throw new Error('not flagged');
  expect(continued.flagged).toContain('harassment');
});

test('a strict one flags whatever a balanced one flags, and that whatever a lenient one does', async () => {
  const texts = [
    'You are a stupid idiot.',
    'What an idiot.',
    'You fool.',
    'Shut up.',
    'Fine weather.',
    'I hate mondays.',
  ];
  const flaggedBy = async (thresholds: 'strict' | 'balanced' | 'lenient'): Promise<readonly string[]> => {
    const reports = await embedded({ thresholds }).moderate(
      texts.map((text) => item(text)),
      moderateOptions(),
    );
    return texts.filter((_, at) => reports[at]?.status === 'flagged');
  };
  const [strict, balanced, lenient] = [
    await flaggedBy('strict'),
    await flaggedBy('balanced'),
    await flaggedBy('lenient'),
  ];
  expect(strict).toEqual(expect.arrayContaining([...balanced]));
  expect(balanced).toEqual(expect.arrayContaining([...lenient]));
  expect(strict).not.toContain('Fine weather.');
});

test('an image is of a kind that it does not cover', async () => {
  const image: Item = { segment: { kind: 'image', role: 'user', path: 'p' }, stage: 'input' };
  expect(await embedded().moderate([image], moderateOptions())).toEqual([{ status: 'unsupported', reason: 'kind' }]);
});

test('explains by the words that weighed most', async () => {
  const explanation = await embedded().explain('My neighbour says that you are an idiot, I heard.');
  expect(explanation.category).toBe('harassment');
  expect(explanation.weights[0]).toMatchObject({ word: 'idiot', weight: expect.any(Number) });
});

test('a text in another language is unsupported, and flagged where it has an insult in English', async () => {
  const german = 'Das ist ein schöner Tag, und wir gehen mit den Kindern an den See.';
  const reports = await embedded().moderate(
    [item(german), item(`${german} You are a stupid idiot. ${german}`)],
    moderateOptions(),
  );
  expect(reports[0]).toEqual({ status: 'unsupported', reason: 'language' });
  expect(reports[1]).toMatchObject({ status: 'flagged', flagged: expect.arrayContaining(['harassment']) });
  expect(await embedded().explain(german)).toMatchObject({ isEnglish: false });
});

describe('refuses', () => {
  test.each<[string, unknown]>([
    ['embedded.threshold is not an option; the options are thresholds, name', { threshold: 'strict' }],
    ['embedded.thresholds must be one of strict, balanced, lenient', { thresholds: 'loose' }],
    ['embedded.thresholds must be one of strict, balanced, lenient', { thresholds: 'constructor' }],
    ['embedded.name must be a text that is not empty', { name: ' ' }],
    ['embedded takes its options as an object', 'strict'],
  ])('%s', (problem, options) => {
    expect(problemOf(() => Reflect.apply(embedded, undefined, [options]))).toContain(problem);
  });
});
