import { describe, expect, test } from 'vitest';
import { clear, createGuard, flag, log } from '../src/index.ts';
import { scripted } from './support/moderators.ts';

const moderator = scripted({
  categories: ['self-harm/intent', 'violence'],
  script({ segment: { text = '' } }) {
    if (text.includes('zorp')) return flag(['self-harm/intent']);
    return text.includes('blarg') ? flag(['violence']) : clear();
  },
});
const guardWith = (options: Partial<Parameters<typeof createGuard>[0]> = {}) =>
  createGuard({ moderators: [moderator], ...options });
const ask = async (guard: ReturnType<typeof guardWith>, text: string, locale = 'en') => {
  let generations = 0;
  const answer = await guard.with({ locale }).wrap(async () => {
    generations += 1;
    return 'fine';
  })([{ role: 'user', content: text }]);
  return { answer, generations };
};

describe('Whoever writes of hurting themselves', () => {
  test('is answered with words of support, without the model being asked', async () => {
    const { answer, generations } = await ask(guardWith(), 'a zorp');
    expect(answer).toMatch(/don't have to face it alone.*emergency number/);
    expect(answer).not.toMatch(/flagged|safety check/);
    expect(generations).toBe(0);
  });

  test.for([
    ['fr', /confiance.*urgences/],
    ['zh-Hans', /独自面对.*急救电话/],
  ] as const)('in their language: %s', async ([locale, words]) => {
    expect((await ask(guardWith(), 'a zorp', locale)).answer).toMatch(words);
  });

  test('is told the local help lines', async () => {
    const guard = guardWith({ helpLines: { en: 'Call 988 at any time.', fr: 'Appelez le 3114.' } });
    expect((await ask(guard, 'a zorp')).answer).toMatch(/trust\. Call 988 at any time\.$/);
    expect((await ask(guard, 'a zorp', 'fr-FR')).answer).toMatch(/Appelez le 3114\.$/);
  });

  test('is answered by the model where the policy says so', async () => {
    const guard = guardWith({ policy: { input: { categories: { 'self-harm/intent': { review: 'flag' } } } } });
    expect(await ask(guard, 'a zorp')).toEqual({ answer: 'fine', generations: 1 });
  });

  test('is answered with your own words where there are some', async () => {
    const guard = guardWith({ message: { input: { 'self-harm': 'We are here.' } } });
    expect((await ask(guard, 'a zorp')).answer).toBe('We are here.');
  });

  test('others are told of a safety check', async () => {
    expect((await ask(guardWith(), 'a blarg')).answer).toMatch(/safety check flagged it/);
  });
});

test('waitUntil is told of what runs beside calls', async () => {
  const works: Promise<unknown>[] = [];
  const guard = guardWith({
    waitUntil: (work) => void works.push(work),
    fallback: log({ logger: { warn: () => {} } }),
  });
  let flagged = 0;
  guard.on('flagged', () => void (flagged += 1));
  await ask(guard, 'a zorp');
  expect(works.length).toBeGreaterThan(0);
  await Promise.all(works);
  expect(flagged).toBe(1);
});
