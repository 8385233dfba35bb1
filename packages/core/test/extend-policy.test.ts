import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGuard, extendPolicy, isConfigurationError, type Action, type Policy, type Stage } from '../src/index.ts';
import { scripted } from './support/moderators.ts';

type Name = 'zorp' | 'blarg';
const STRICTNESS: readonly Action[] = ['allow', 'warn', 'review', 'block'];

function problemOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isConfigurationError(error)) return error.message;
    throw error;
  }
  return 'no problem';
}

describe('A policy that extends another', () => {
  const base: Policy<Name> = {
    version: 'ours',
    categories: { zorp: 0.5, '*': 'flag' },
    output: { categories: { blarg: { review: 0.4, block: 0.9 } } },
    moderators: { words: { blarg: 0.7 } },
  };

  test('keeps what the change does not name, and replaces the whole rule of what it names', () => {
    const extended = extendPolicy(base, {
      categories: { zorp: { warn: 0.2 } },
      output: { categories: { zorp: 0.3 } },
      moderators: { words: { zorp: 0.1 }, others: { '*': 'ignore' } },
    });
    expect(extended).toEqual({
      categories: { zorp: { warn: 0.2 }, '*': 'flag' },
      input: { categories: {} },
      output: { categories: { blarg: { review: 0.4, block: 0.9 }, zorp: 0.3 } },
      moderators: { words: { blarg: 0.7, zorp: 0.1 }, others: { '*': 'ignore' } },
      locked: [],
    });
  });

  test('does not claim to be the version that it extends', () => {
    expect(extendPolicy(base, {}).version).toBeUndefined();
    expect(extendPolicy(base, { version: 'theirs' }).version).toBe('theirs');
  });

  test('changes neither of the two', () => {
    const [before, change] = [structuredClone(base), { categories: { zorp: 0.9 } } as const];
    extendPolicy(base, change);
    expect(base).toEqual(before);
    expect(change).toEqual({ categories: { zorp: 0.9 } });
  });

  test('takes nothing away where the change says undefined', () => {
    const nothing: object = { categories: { zorp: undefined } };
    expect(extendPolicy(base, nothing).categories).toEqual({ zorp: 0.5, '*': 'flag' });
  });

  test('refuses a misspelt change', () => {
    const misspelt: object = { catgories: { zorp: 0.9 } };
    expect(problemOf(() => extendPolicy(base, misspelt))).toContain('change.catgories is not an option');
  });
});

describe('A locked category', () => {
  const base: Policy<Name> = { categories: { zorp: { review: 0.3, block: 0.6 }, '*': 0.5 }, locked: ['zorp'] };

  test.each<[string, Policy<Name>]>([
    ['a lower threshold', { categories: { zorp: { review: 0.3, block: 0.5 } } }],
    ['a stricter action from the same score', { categories: { zorp: 0.3 } }],
    ['the same once more', { categories: { zorp: { review: 0.3, block: 0.6 } } }],
    ['a stricter rule at one stage', { output: { categories: { zorp: 0.1 } } }],
    ['a looser rule for another category', { categories: { blarg: 'ignore' } }],
  ])('may be tightened: %s', (_, change) => {
    expect(problemOf(() => extendPolicy(base, change))).toBe('no problem');
  });

  test.each<[string, string, Policy<Name>]>([
    ['a higher threshold', 'change.categories.zorp', { categories: { zorp: { review: 0.3, block: 0.7 } } }],
    ['one tier less', 'change.categories.zorp', { categories: { zorp: 0.6 } }],
    ["'ignore'", 'change.categories.zorp', { categories: { zorp: 'ignore' } }],
    ['the flag alone', 'change.categories.zorp', { categories: { zorp: 'flag' } }],
    ['one stage', 'change.input.categories.zorp', { input: { categories: { zorp: 0.9 } } }],
    ['one moderator', 'change.moderators.words.zorp', { moderators: { words: { zorp: 0.9 } } }],
    ["'*' of one moderator", "change.moderators.words['*']", { moderators: { words: { '*': 'ignore' } } }],
  ])('is not loosened by %s: the error says where', (_, path, change) => {
    expect(problemOf(() => extendPolicy(base, change))).toBe(
      `${path} loosens zorp, which is locked: it may only be tightened.`,
    );
  });

  test("behind '*' may not get a looser name, nor be reached past the '*' of a stage", () => {
    const all: Policy<Name> = { output: { categories: { '*': 0.1 } }, categories: { '*': 0.5 }, locked: ['*'] };
    expect(problemOf(() => extendPolicy(all, { categories: { zorp: 0.3 } }))).toContain('loosens zorp');
    expect(problemOf(() => extendPolicy(all, { categories: { zorp: 0.1 } }))).toBe('no problem');
    expect(problemOf(() => extendPolicy(all, { categories: { '*': 0.6 } }))).toContain("loosens ['*']");
  });

  test('that is locked through "*" stays so when a change has named it, at every stage and for every moderator', () => {
    const loosen = (from: Policy<Name>, change: Policy<Name>) => () => extendPolicy(from, change);
    const all: Policy<Name> = { categories: { '*': 'flag' }, locked: ['*'] };
    const named = extendPolicy(all, { categories: { zorp: { review: 0.2, block: 'flag' } } });
    expect(named.locked).toEqual(['*', 'zorp']);
    expect(loosen(named, { categories: { zorp: 'ignore' } })).toThrow(/loosens zorp/);
    const atOutput: Policy<Name> = { ...all, output: { categories: { zorp: 0.5 } } };
    expect(loosen(atOutput, { categories: { zorp: 'ignore' } })).toThrow(/loosens zorp/);
    expect(loosen(atOutput, { input: { categories: { zorp: 'ignore' } } })).toThrow(/loosens zorp/);
    expect(loosen(atOutput, { output: { categories: { zorp: 0.9 } } })).not.toThrow();
    const forOne: Policy<Name> = { ...all, moderators: { one: { zorp: 0.5 } } };
    expect(loosen(forOne, { categories: { zorp: 'ignore' } })).toThrow(/loosens zorp/);
    expect(loosen(forOne, { moderators: { two: { zorp: 'ignore' } } })).toThrow(/loosens zorp/);
  });

  test.each([null, { block: '0.1' }, {}, 0, 'sometimes'])('%j is no rule, and is said to be none', (rule) => {
    const odd = { categories: { zorp: rule } } as never;
    expect(() => extendPolicy<Name>(base, odd)).toThrow(/change\.categories\.zorp/);
    expect(() => extendPolicy<Name>(odd, {})).toThrow(/base\.categories\.zorp/);
  });

  test('stays locked in what extends it further', () => {
    const once = extendPolicy(base, { locked: ['blarg'], categories: { blarg: 0.4 } });
    expect(once.locked).toEqual(['zorp', 'blarg']);
    expect(problemOf(() => extendPolicy(once, { categories: { zorp: 0.9 } }))).toContain('loosens zorp');
    expect(problemOf(() => extendPolicy(once, { categories: { blarg: 0.9 } }))).toContain('loosens blarg');
  });

  test('cannot be loosened in any way that random changes find', { timeout: 60_000 }, async () => {
    const threshold = fc.constantFrom(0.2, 0.4, 0.6, 0.8, 'flag' as const);
    const tiers = fc.constantFrom(
      { warn: 0.2 },
      { review: 0.4, block: 0.8 },
      { warn: 'flag', block: 0.6 } as const,
      { review: 0.2, block: 'flag' } as const,
      { warn: 0.2, review: 0.4, block: 0.6 },
    );
    const rule = fc.oneof(threshold, fc.constant('ignore' as const), tiers);
    const rules = fc.dictionary(fc.constantFrom('zorp', 'blarg', '*'), rule, { noNullPrototype: true, maxKeys: 2 });
    const policy = fc.record(
      {
        categories: rules,
        input: fc.record({ categories: rules }),
        output: fc.record({ categories: rules }),
        moderators: fc.dictionary(fc.constantFrom('one', 'two'), rules, { noNullPrototype: true, maxKeys: 1 }),
      },
      { requiredKeys: [] },
    );
    const locks = fc.uniqueArray(fc.constantFrom('zorp', 'blarg', '*'), { minLength: 1 });
    let [kept, refused, tightened] = [0, 0, 0];

    /** What each of the locked categories comes to, over every score, flag, stage and moderator; nothing: no valid policy. */
    const actionsUnder = async (subject: Policy, locked: readonly string[]): Promise<readonly Action[] | undefined> => {
      const actions: Action[] = [];
      for (const name of ['one', 'two', 'three'])
        for (const category of ['zorp', 'blarg'])
          for (const stage of ['input', 'output'] satisfies Stage[]) {
            if (!locked.includes(category) && !locked.includes('*')) continue;
            const script = ({ segment: { text = '' } }: { readonly segment: { readonly text?: string } }) => {
              const [score, isFlagged] = text.split(' ');
              return {
                status: 'clear',
                flagged: isFlagged === 'flagged' ? [category] : [],
                scores: { [category]: Number(score) },
              };
            };
            const others = ['one', 'two', 'three'].filter((other) => other !== name);
            try {
              const guard = createGuard<ReturnType<typeof scripted<Name>>>({
                moderators: [
                  scripted<Name>({ name, script }),
                  ...others.map((other) =>
                    scripted<Name>({ name: other, script: () => ({ status: 'clear', flagged: [], scores: {} }) }),
                  ),
                ],
                policy: subject,
              });
              for (const score of [0, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 1])
                for (const word of ['', 'flagged'])
                  actions.push((await guard.check(`${score} ${word}`, { stage })).action);
            } catch (error) {
              if (isConfigurationError(error)) return undefined;
              throw error;
            }
          }
      return actions;
    };

    await fc.assert(
      fc.asyncProperty(policy, policy, locks, async (given, change, named) => {
        const base: Policy = { ...given, locked: named };
        // `'*'` locks what the base does not name.
        const names = JSON.stringify(given);
        const locked: string[] = named.filter((name) => name !== '*');
        if (named.includes('*')) locked.push(...['zorp', 'blarg'].filter((name) => !names.includes(`"${name}"`)));
        let extended: Policy;
        try {
          extended = extendPolicy(base, change);
        } catch (error) {
          if (!isConfigurationError(error)) throw error;
          refused += 1;
          return;
        }
        const [before, after] = [await actionsUnder(base, locked), await actionsUnder(extended, locked)];
        if (!before || !after) return;
        kept += 1;
        for (const [at, action] of before.entries())
          expect(STRICTNESS.indexOf(after[at] ?? 'allow')).toBeGreaterThanOrEqual(STRICTNESS.indexOf(action));
        if (before.some((action, at) => action !== after[at])) tightened += 1;
      }),
      { numRuns: 2_000 },
    );
    // The property has met changes of every sort.
    expect(kept).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
    expect(tightened).toBeGreaterThan(20);
  });
});
