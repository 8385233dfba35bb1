import {
  clear,
  createGuard,
  firstAvailable,
  flag,
  type CallContext,
  type Item,
  type ModerateOptions,
  type Moderator,
  type Report,
  type SegmentKind,
} from '@chaperone/core';
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

  test('keeps a flag without a score free of the lower score of another category that comes to the same', async () => {
    const report: Report = { status: 'flagged', flagged: ['hate/threatening'], scores: { hate: 0.1 } };
    const two: Moderator = {
      name: 'two',
      categories: ['hate', 'hate/threatening'],
      moderate: async (items) => items.map(() => report),
    };
    const mapped = mapCategories(two, { from: 'openai', to: 'azure' });
    const guard = createGuard({ moderators: [mapped], policy: { categories: { Hate: { block: 0.5 } } } });
    const decision = await guard.check('x');
    expect(decision).toMatchObject({ action: 'block', verdicts: [{ flagged: ['Hate'], scores: {} }] });
  });

  test('may be an object of a class, and keeps what it has from there', async () => {
    class Mine implements Moderator {
      name = 'mine';
      categories = ['hate'];
      maxCharacters = 1_000;
      tenants: unknown[] = [];
      strict = 'strict';
      get kinds(): readonly SegmentKind[] {
        return ['text', 'image'];
      }
      partition({ tenant = '' }: CallContext): string {
        return tenant === this.strict ? 'own' : 'shared';
      }
      async moderate(items: readonly Item[], { context }: ModerateOptions): Promise<readonly Report[]> {
        this.tenants.push(context?.tenant);
        return items.map((): Report => (context?.tenant === this.strict ? flag(['hate']) : clear()));
      }
    }
    const mine = new Mine();
    const mapped = mapCategories(mine, { from: 'openai', to: 'azure' });
    expect(mapped).toMatchObject({
      name: 'mine',
      categories: ['Hate'],
      kinds: ['text', 'image'],
      maxCharacters: 1_000,
    });
    const guard = createGuard({ moderators: [mapped] });
    const actionFor = async (tenant: string) => (await guard.check('the same', { context: { tenant } })).action;
    expect([await actionFor('lax'), await actionFor('strict')]).toEqual(['allow', 'block']);
    expect(mine.tenants).toEqual(['lax', 'strict']);
  });

  test('is not one that is made of others: its members are to be mapped', () => {
    const both = firstAvailable([fakeModerator()]);
    expect(() => mapCategories(both, { from: 'openai', to: 'azure' })).toThrow(
      'mapCategories.moderator is made of others: map its members',
    );
  });

  test('says which taxonomies there are', () => {
    const wrong: object = { from: 'perspective', to: 'openai' };
    expect(() => mapCategories(fakeModerator(), wrong as never)).toThrow(
      'mapCategories.from must be one of openai, mlcommons',
    );
  });

  testModerator(guardModel, { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
