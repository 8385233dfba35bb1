import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { createGuard, failed, flag, type MessageOption } from '../src/index.ts';
import { scripted } from './support/moderators.ts';

type Name = 'self-harm' | 'self-harm/intent' | 'zorp';
type Message = MessageOption<Name> | undefined;
const categories = ['self-harm', 'self-harm/intent', 'zorp'] as const;

let complain: MockInstance<typeof console.error>;
beforeEach(() => {
  complain = vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => {
  complain.mockRestore();
});

/** What is said where a moderator reports so; `warn` is the tier of zorp. */
async function said(
  report: unknown,
  message: Message,
  { locale, stage = 'input' }: { readonly locale?: string; readonly stage?: 'input' | 'output' } = {},
): Promise<string> {
  const guard = createGuard({
    moderators: [scripted({ categories, script: () => report })],
    policy: { categories: { zorp: { warn: 0.2, review: 0.5, block: 0.8 } } },
    ...(message !== undefined && { message }),
  });
  return (await guard.check('text', { stage, ...(locale && { context: { locale } }) })).message;
}

const block = flag(['self-harm']);
const warn = { status: 'clear', flagged: [], scores: { zorp: 0.3 } };
const review = { status: 'clear', flagged: [], scores: { zorp: 0.6 } };
const outage = failed('unavailable');

describe("The guard's own words", () => {
  test('are others for a block, a warning and an outage, in each language and at each stage', async () => {
    const all: string[] = [];
    for (const locale of ['en', 'fr', 'zh'])
      for (const stage of ['input', 'output'] as const) all.push(await said(block, undefined, { locale, stage }));
    for (const locale of ['en', 'fr', 'zh'])
      for (const report of [warn, outage]) all.push(await said(report, undefined, { locale }));
    expect(new Set(all).size).toBe(all.length);
    for (const text of all) expect(text.length).toBeGreaterThan(5);
  });

  test('are empty where there is nothing to say', async () => {
    expect(await said({ status: 'clear', flagged: [], scores: {} }, undefined)).toBe('');
    expect(await said(review, undefined)).toBe('');
    expect(await said(review, 'A text')).toBe('');
  });

  test('never tell of an outage that a rule was broken', async () => {
    for (const locale of ['en', 'fr', 'zh']) {
      const text = await said(outage, undefined, { locale });
      expect(text).not.toMatch(/flag|signal|rule|policy|未通过/i);
    }
  });

  test.each([
    ['fr-CA', 'fr'],
    ['FR', 'fr'],
    ['zh-Hant-TW', 'zh'],
    ['zh_CN', 'zh'],
    ['de', 'en'],
    ['', 'en'],
    ['constructor', 'en'],
  ])('for the locale %j are those of %s', async (locale, same) => {
    expect(await said(block, undefined, { locale })).toBe(await said(block, undefined, { locale: same }));
  });

  test('never hold the text, a score or a pattern', async () => {
    const guard = createGuard({
      moderators: [scripted({ script: () => flag(['zorp'], { zorp: 0.8731 }) })],
      policy: { categories: { zorp: 0.5 } },
    });
    expect((await guard.check('a canary sang')).message).not.toMatch(/canary|0\.87|zorp/);
  });
});

describe('A table', () => {
  const table: Message = {
    input: {
      'self-harm': { en: 'You are not alone.', fr: 'Vous n’êtes pas seul.' },
      '*': 'Not this.',
      unchecked: 'Try later.',
      warn: 'Mind.',
    },
  };
  test('speaks by category, and a parent for what is under it', async () => {
    expect(await said(block, table)).toBe('You are not alone.');
    expect(await said(flag(['self-harm/intent']), table)).toBe('You are not alone.');
    expect(await said(flag(['zorp'], { zorp: 1 }), table)).toBe('Not this.');
    expect(await said(flag(['constructor']), table)).toBe('Not this.');
  });
  test('speaks by locale, in English where it has no other, else in the first there is', async () => {
    expect(await said(block, table, { locale: 'fr-FR' })).toBe('Vous n’êtes pas seul.');
    expect(await said(block, table, { locale: 'ja' })).toBe('You are not alone.');
    expect(await said(block, { input: { '*': { de: 'Nein.', nl: 'Nee.' } } }, { locale: 'ja' })).toBe('Nein.');
  });
  test('has its own entries for a warning and for what could not be checked', async () => {
    expect(await said(outage, table)).toBe('Try later.');
    expect(await said(warn, table)).toBe('Mind.');
  });
  test('says in the guards own words what it does not name', async () => {
    expect(await said(block, table, { stage: 'output' })).toBe(await said(block, undefined, { stage: 'output' }));
    expect(await said(outage, { input: { '*': 'Not this.' } })).toBe(await said(outage, undefined));
  });
});

describe('A text or a function', () => {
  test('a text stands for everything that is said', async () => {
    expect(await said(block, 'No.')).toBe('No.');
  });
  test('a function knows the decision, with the guards own words in it, and the context', async () => {
    const own = await said(block, undefined, { locale: 'fr' });
    expect(
      await said(block, (decision, { locale }) => `${decision.stage} ${locale} ${decision.message}`, { locale: 'fr' }),
    ).toBe(`input fr ${own}`);
  });
  test.each<readonly [string, () => unknown]>([
    ['throws', () => expect.fail('canary')],
    ['gives nothing', () => undefined],
    ['gives a promise', async () => 'late'],
    ['gives a number', () => 5],
  ])('a function that %s is answered in the guards own words, and no content is told', async (_, message) => {
    expect(await said(block, message as () => string)).toBe(await said(block, undefined));
    expect(JSON.stringify(complain.mock.calls)).not.toMatch(/canary/);
  });
});
