import { createGuard } from '@chaperone/core';
import { fakeModerator, testModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { OPENAI_CATEGORIES } from '../openai-moderation/categories.ts';
import { AZURE_HARMS } from '../azure-content-safety/answer.ts';
import { LLAMA_GUARD_CATEGORIES } from '../llm-judge/judges/llama-guard.ts';
import { MISTRAL_CATEGORIES } from '../mistral-moderation/mistral-moderation.ts';
import { CATEGORIES, mapCategories, nearestCategory, type TaxonomyName } from '../index.ts';

test.each<[TaxonomyName, readonly string[]]>([
  ['openai', OPENAI_CATEGORIES],
  ['mlcommons', LLAMA_GUARD_CATEGORIES],
  ['azure', AZURE_HARMS],
  ['mistral', MISTRAL_CATEGORIES],
])('Every category that a moderator of %s lists has a title, a definition and a source', (name, listed) => {
  const { source, categories } = CATEGORIES[name];
  expect(Object.keys(categories).toSorted((a, b) => a.localeCompare(b))).toEqual(
    [...listed].toSorted((a, b) => a.localeCompare(b)),
  );
  expect(source).not.toBe('');
  for (const { title, definition } of Object.values(categories)) {
    expect(title).toMatch(/^\p{Lu}/u);
    expect(definition).toMatch(/^\p{Lu}.*\.$/u);
  }
});

describe('the nearest category of another taxonomy', () => {
  test.each<[string, TaxonomyName, TaxonomyName, string]>([
    ['hate', 'openai', 'azure', 'Hate'],
    ['hate/threatening', 'openai', 'mlcommons', 'S10'],
    ['harassment', 'openai', 'mistral', 'hate_and_discrimination'],
    ['violence/graphic', 'openai', 'azure', 'Violence'],
    ['violence', 'openai', 'mlcommons', 'S1'],
    ['illicit', 'openai', 'mistral', 'criminal'],
    ['sexual/minors', 'openai', 'mlcommons', 'S4'],
    ['sexual/minors', 'openai', 'azure', 'Sexual'],
    ['S1', 'mlcommons', 'openai', 'illicit/violent'],
    ['S1', 'mlcommons', 'azure', 'Violence'],
    ['S9', 'mlcommons', 'mistral', 'dangerous'],
    ['S9', 'mlcommons', 'openai', 'illicit/violent'],
    ['S11', 'mlcommons', 'openai', 'self-harm'],
    ['pii', 'mistral', 'mlcommons', 'S7'],
    ['law', 'mistral', 'mlcommons', 'S6'],
    ['SelfHarm', 'azure', 'mistral', 'selfharm'],
  ])('%s of %s is, at %s, %s', (category, from, to, expected) => {
    expect(nearestCategory(category, { from, to })).toBe(expected);
  });

  test.each<[string, TaxonomyName, TaxonomyName]>([
    ['S13', 'mlcommons', 'openai'],
    ['jailbreaking', 'mistral', 'azure'],
    ['brand-new', 'openai', 'azure'],
    ['constructor', 'openai', 'azure'],
  ])('%s of %s has nothing like it at %s, and keeps its name', (category, from, to) => {
    expect(nearestCategory(category, { from, to })).toBe(category);
  });

  test('is the category itself within one taxonomy', () => {
    for (const name of ['openai', 'mlcommons', 'azure', 'mistral'] as const)
      for (const category of Object.keys(CATEGORIES[name].categories))
        expect(nearestCategory(category, { from: name, to: name })).toBe(category);
  });
});

describe('a moderator that speaks another taxonomy', () => {
  const guardModel = () =>
    mapCategories(
      fakeModerator({
        flags: { zorp: 'S10', blarg: 'S13' },
        categories: ['S1', 'S2'],
        scores: () => ({ S1: 0.2, S9: 0.7 }),
      }),
      { from: 'mlcommons', to: 'openai' },
    );

  test('is ruled by a policy in its words, scores by the highest of those that come to one', async () => {
    const guard = createGuard({
      moderators: [guardModel()],
      policy: { categories: { hate: 'flag', 'illicit/violent': { review: 0.6 }, S13: { warn: 'flag' } } },
    });
    const decision = await guard.check('a zorp and a blarg');
    expect(decision.findings).toMatchObject([
      { category: 'hate', action: 'block' },
      { category: 'S13', action: 'warn' },
      { category: 'illicit/violent', action: 'review', score: 0.7 },
    ]);
  });

  test('has another revision than what it is made of', () => {
    expect(guardModel().revision).not.toBe(fakeModerator().revision);
  });

  test('says which taxonomies there are', () => {
    const wrong: object = { from: 'perspective', to: 'openai' };
    expect(() => mapCategories(fakeModerator(), wrong as never)).toThrow(
      'mapCategories.from must be one of openai, mlcommons',
    );
  });

  testModerator(guardModel, { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
