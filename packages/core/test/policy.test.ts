import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clear,
  ConfigurationError,
  flag,
  isConfigurationError,
  type CallContext,
  type Decision,
  type Policy,
  type Rule,
  type Rules,
  type Stage,
} from '../src/index.ts';
import { watch } from './support/guards.ts';
import { scripted, type Scripted } from './support/moderators.ts';

type Name = 'zorp' | 'blarg';

/** The decision on a report under a policy. */
function decide(report: unknown, policy: Policy<Name>, stage: Stage = 'input'): Promise<Decision> {
  return watch({ moderators: [scripted({ script: () => report })], policy }).check('text', { stage });
}

describe('Where no policy is given', () => {
  test('what the moderator flags is blocked', async () => {
    const decision = await decide(flag(['zorp']), {});
    expect(decision).toMatchObject({ action: 'block', stage: 'input' });
    expect(decision.findings).toEqual([
      { category: 'zorp', threshold: 'flag', action: 'block', moderator: 'words', path: 'content' },
    ]);
  });

  test('a high score without a flag is let pass', async () => {
    expect(await decide(clear({ zorp: 0.99 }), {})).toMatchObject({ action: 'allow', findings: [] });
  });
});

describe('A number', () => {
  test('blocks from that score on, and a score equal to it counts', async () => {
    const policy = { categories: { zorp: 0.5 } };
    expect((await decide(clear({ zorp: 0.5 }), policy)).action).toBe('block');
    expect((await decide(clear({ zorp: 0.4999 }), policy)).action).toBe('allow');
    expect((await decide(clear({ zorp: 0.51 }), policy)).findings).toEqual([
      { category: 'zorp', score: 0.51, threshold: 0.5, action: 'block', moderator: 'words', path: 'content' },
    ]);
  });

  test('passes a flag whose score lies below it, and says that it was let pass', async () => {
    const decision = await decide(flag(['zorp'], { zorp: 0.3 }), { categories: { zorp: 0.5 } });
    expect(decision.action).toBe('allow');
    expect(decision.findings).toEqual([
      { category: 'zorp', score: 0.3, action: 'allow', moderator: 'words', path: 'content' },
    ]);
  });

  test('takes a flag without a score for score 1', async () => {
    const decision = await decide(flag(['zorp']), { categories: { zorp: 1 } });
    expect(decision.action).toBe('block');
    expect(decision.findings[0]).not.toHaveProperty('score');
  });

  test('is not met by a category that has no score and no flag', async () => {
    expect((await decide(clear({ blarg: 0.9 }), { categories: { zorp: 0.1 } })).action).toBe('allow');
  });
});

describe("'flag' and 'ignore'", () => {
  test("'flag' blocks where the moderator itself flags, whatever the score", async () => {
    const policy = { categories: { zorp: 'flag' } } as const;
    expect((await decide(flag(['zorp'], { zorp: 0.01 }), policy)).action).toBe('block');
    expect((await decide(clear({ zorp: 1 }), policy)).action).toBe('allow');
  });

  test("'flag' may stand at any tier", async () => {
    const policy = { categories: { zorp: { review: 'flag', block: 0.8 } } } as const;
    expect((await decide(flag(['zorp'], { zorp: 0.2 }), policy)).action).toBe('review');
    expect((await decide(flag(['zorp'], { zorp: 0.8 }), policy)).action).toBe('block');
    expect((await decide(clear({ zorp: 0.2 }), policy)).action).toBe('allow');
  });

  test("'ignore' takes no action and tells no event", async () => {
    const guard = watch({
      moderators: [scripted({ script: () => flag(['zorp'], { zorp: 1 }) })],
      policy: { categories: { zorp: 'ignore' } },
    });
    expect(await guard.check('text')).toMatchObject({ action: 'allow', findings: [{ action: 'allow' }] });
    expect(guard.told.flagged).toEqual([]);
  });
});

describe('Tiers', () => {
  const policy = { categories: { zorp: { warn: 0.3, review: 0.5, block: 0.8 } } };
  test.each([
    [0.29, 'allow'],
    [0.3, 'warn'],
    [0.49, 'warn'],
    [0.5, 'review'],
    [0.8, 'block'],
    [1, 'block'],
  ])('the score %d is %s', async (score, action) => {
    expect((await decide(clear({ zorp: score }), policy)).action).toBe(action);
  });
});

describe('Which rule holds', () => {
  test('a rule of the stage replaces the whole rule of that category', async () => {
    const policy: Policy<Name> = {
      categories: { zorp: { warn: 0.1, review: 0.2 } },
      output: { categories: { zorp: { block: 0.9 } } },
    };
    expect((await decide(clear({ zorp: 0.5 }), policy, 'output')).action).toBe('allow');
    expect((await decide(clear({ zorp: 0.5 }), policy, 'input')).action).toBe('review');
  });

  test('a name in the base comes before the star of the stage', async () => {
    const policy: Policy<Name> = { categories: { zorp: 'ignore' }, input: { categories: { '*': 'flag' } } };
    expect((await decide(flag(['zorp']), policy)).action).toBe('allow');
    expect((await decide(flag(['blarg']), policy)).action).toBe('block');
  });

  test('the star of the stage comes before the star of the base', async () => {
    const policy: Policy<Name> = { categories: { '*': 'flag' }, input: { categories: { '*': 'ignore' } } };
    expect((await decide(flag(['zorp']), policy, 'input')).action).toBe('allow');
    expect((await decide(flag(['zorp']), policy, 'output')).action).toBe('block');
  });

  test("where no star is named, the rest is 'flag'", async () => {
    expect((await decide(flag(['blarg']), { categories: { zorp: 0.5 } })).action).toBe('block');
  });

  test('the rules of one moderator come before all others, its star too, and touch no other moderator', async () => {
    const mild = scripted({ name: 'mild', script: () => flag(['zorp'], { zorp: 0.6 }) });
    const own = watch({
      moderators: [mild],
      policy: {
        categories: { zorp: 'ignore' },
        input: { categories: { zorp: 'ignore' } },
        moderators: { mild: { '*': 0.5 } },
      },
    });
    expect((await own.check('text')).action).toBe('block');

    const stern = scripted({ name: 'stern', script: () => flag(['zorp'], { zorp: 0.6 }) });
    const two = watch({ moderators: [mild, stern], policy: { moderators: { mild: { zorp: 'ignore' } } } });
    expect((await two.check('text')).findings).toEqual([
      expect.objectContaining({ moderator: 'mild', action: 'allow' }),
      expect.objectContaining({ moderator: 'stern', action: 'block' }),
    ]);
  });

  test('rules of two moderators stay apart, whatever their names and categories are', async () => {
    const one = scripted({ name: 'x', categories: ['a b'], script: () => flag(['a b']) });
    const other = scripted({ name: 'b x', categories: ['a'], script: () => flag(['a']) });
    const guard = watch({
      moderators: [one, other],
      policy: { moderators: { x: { 'a b': 'ignore' }, 'b x': { a: 'flag' } } },
    });
    const decision = await guard.check('text');
    expect(decision.findings.map(({ category, action }) => [category, action])).toEqual([
      ['a b', 'allow'],
      ['a', 'block'],
    ]);
  });

  test('of several findings the strictest wins', async () => {
    const policy: Policy<Name> = { categories: { zorp: { warn: 0.5 }, blarg: { review: 0.5 } } };
    const decision = await decide(clear({ zorp: 0.9, blarg: 0.9 }), policy);
    expect(decision.action).toBe('review');
    expect(decision.findings.map(({ action }) => action).toSorted()).toEqual(['review', 'warn']);
  });

  test('of several moderators the strictest wins, in either order', async () => {
    const passing = scripted({ name: 'passing', script: () => clear() });
    const blocking = scripted({ name: 'blocking' });
    expect((await watch({ moderators: [passing, blocking] }).check('zorp')).action).toBe('block');
    expect((await watch({ moderators: [blocking, passing] }).check('zorp')).action).toBe('block');
  });
});

describe('What a moderator does not list', () => {
  test("a category of the wire falls under '*', by flag and by score, and is told as '*'", async () => {
    const policy: Policy<Name> = { categories: { '*': 0.5 } };
    expect((await decide(clear({ newcomer: 0.7 }), policy)).findings).toEqual([
      { category: '*', score: 0.7, threshold: 0.5, action: 'block', moderator: 'words', path: 'content' },
    ]);
    expect((await decide(flag(['newcomer']), {})).findings[0]).toMatchObject({ category: '*', action: 'block' });
  });

  test("a flag without a category is the category '*'", async () => {
    expect((await decide(flag([]), {})).findings[0]).toMatchObject({ category: '*', action: 'block' });
    expect((await decide(flag([]), { categories: { '*': 'ignore' } })).action).toBe('allow');
  });

  test('a flag that comes with the status clear still is a flag', async () => {
    expect((await decide({ status: 'clear', flagged: ['zorp'], scores: {} }, {})).action).toBe('block');
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'the category %s is a category like any other: by flag and by score',
    async (name) => {
      expect((await decide(flag([name]), {})).findings[0]).toMatchObject({ category: '*', action: 'block' });
      const scores: unknown = JSON.parse(`{ ${JSON.stringify(name)}: 0.9 }`);
      const decision = await decide({ status: 'clear', flagged: [], scores }, { categories: { '*': 0.5 } });
      expect(decision.findings).toEqual([expect.objectContaining({ category: '*', score: 0.9, action: 'block' })]);
    },
  );

  test.each(['constructor', '__proto__'])('a moderator may list the category %s and a policy name it', async (name) => {
    const moderator = scripted<string>({ categories: [name], script: () => flag([name]) });
    const categories = JSON.parse(`{ ${JSON.stringify(name)}: "ignore" }`) as Rules;
    expect((await watch({ moderators: [moderator] }).check('text')).findings[0]).toMatchObject({ category: name });
    expect((await watch({ moderators: [moderator], policy: { categories } }).check('text')).action).toBe('allow');
  });
});

describe('The version of a policy', () => {
  const versionOf = async (policy: Policy<Name>): Promise<string> => (await decide(clear(), policy)).policyVersion;
  test('is the one that it names', async () => {
    expect(await versionOf({ version: '2026-01' })).toBe('2026-01');
  });
  test('is otherwise derived from what it says: the same for the same, another for another', async () => {
    const version = await versionOf({ categories: { zorp: 0.5 } });
    expect(version).not.toBe('');
    expect(await versionOf({ categories: { zorp: 0.5 } })).toBe(version);
    expect(await versionOf({ categories: { zorp: 0.6 } })).not.toBe(version);
  });
});

test('A policy that somebody changes after the guard was made changes nothing', async () => {
  const categories: { zorp: Rule } = { zorp: 'flag' };
  const guard = watch({ moderators: [scripted()], policy: { categories } });
  categories.zorp = 'ignore';
  expect((await guard.check('zorp')).action).toBe('block');
});

describe('A policy function', () => {
  const byTenant =
    (policies: Readonly<Record<string, Policy<Name>>>) =>
    ({ tenant = '' }: CallContext): Policy<Name> =>
      policies[tenant] ?? {};

  test('gives each tenant its own policy', async () => {
    const guard = watch({
      moderators: [scripted()],
      policy: byTenant({ mild: { version: 'm', categories: { zorp: 'ignore' } }, stern: { version: 's' } }),
    });
    expect(await guard.with({ tenant: 'mild' }).check('zorp')).toMatchObject({ action: 'allow', policyVersion: 'm' });
    expect(await guard.check('zorp', { context: { tenant: 'stern' } })).toMatchObject({
      action: 'block',
      policyVersion: 's',
    });
  });

  test('is asked once for a whole call, with its context', async () => {
    const asked: CallContext[] = [];
    const guard = watch({
      moderators: [scripted()],
      policy: (context) => {
        asked.push(context);
        return {};
      },
    });
    const messages = [{ role: 'user', content: 'fine' }];
    await guard.with({ user: 'u' }).wrap(() => 'fine too')(messages, { context: { tenant: 't' } });
    expect(asked).toEqual([{ user: 'u', tenant: 't' }]);
  });

  test('is checked when it is first used: the call rejects with the path, and a good tenant is not hurt', async () => {
    const guard = watch({
      moderators: [scripted()],
      policy: byTenant({ bad: { categories: { zorp: 75 } } }),
    });
    const mistake = await guard.check('fine', { context: { tenant: 'bad' } }).catch((error: unknown) => error);
    expect(isConfigurationError(mistake) && mistake.path).toBe('policy.categories.zorp');
    expect(guard.told.settled[0]).toMatchObject({ delivery: 'errored' });
    expect((await guard.check('fine')).action).toBe('allow');
  });

  test.each<readonly [string, Error]>([
    ['a mistake of this package', new ConfigurationError('kanarienvogel', 'sang')],
    [
      'what looks like one',
      Object.assign(new Error('a kanarienvogel sang'), { name: 'ConfigurationError', path: 'kanarienvogel' }),
    ],
  ])('that throws %s is told as one that failed, without its words', async (_, thrown) => {
    const guard = watch({
      moderators: [scripted()],
      policy: () => {
        throw thrown;
      },
    });
    const mistake: unknown = await guard.check('fine').catch((error: unknown) => error);
    expect(mistake).not.toBe(thrown);
    expect(isConfigurationError(mistake) && mistake.path).toBe('policy');
    expect(String(mistake)).not.toMatch(/kanarienvogel|sang/);
  });

  test.each<readonly [string, () => unknown]>([
    ['throws', () => void JSON.parse('{')],
    ['gives nothing', () => undefined],
    ['gives a promise', async () => ({})],
    ['misspells a category', () => ({ categories: { zorb: 0.5 } })],
    ['misspells a property', () => ({ categroies: {} })],
  ])('that %s rejects the call with a configuration error', async (_, policy) => {
    const guard = watch({ moderators: [scripted()], policy: policy as () => Policy<Name> });
    const mistake: unknown = await guard
      .wrap(() => 'fine')([{ role: 'user', content: 'fine' }])
      .catch((error: unknown) => error);
    expect(isConfigurationError(mistake), String(mistake)).toBe(true);
  });
});

describe('For every policy and every report', () => {
  const NAMES = ['zorp', 'blarg', 'wire', '*'] as const;
  const threshold = fc.constantFrom(0.2, 0.5, 0.8, 'flag' as const);
  const rule: fc.Arbitrary<Rule> = fc.oneof(
    threshold,
    fc.constant('ignore' as const),
    fc.constantFrom<Rule>(
      { warn: 0.2, review: 0.5, block: 0.8 },
      { warn: 'flag', block: 0.5 },
      { review: 0.5 },
      { warn: 0.5, block: 'flag' },
    ),
  );
  const rules: fc.Arbitrary<Rules> = fc
    .record({ zorp: rule, blarg: rule, '*': rule }, { requiredKeys: [] })
    .map((given) => ({ ...given }));
  const optional = <T>(given: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(given, { nil: undefined });
  const score = fc.constantFrom(0, 0.1, 0.2, 0.5, 0.79, 0.8, 1);
  const report = fc.record({
    flagged: fc.uniqueArray(fc.constantFrom<string>('zorp', 'blarg', 'wire')),
    scores: fc.dictionary(fc.constantFrom('zorp', 'blarg', 'wire'), score),
    status: fc.constantFrom('clear', 'flagged'),
  });

  const STRICT = ['allow', 'warn', 'review', 'block'];

  /** The promise read aloud, naively. */
  function expected(
    policy: { categories: Rules | undefined; input: Rules | undefined; own: Rules | undefined },
    {
      status,
      flagged,
      scores,
    }: { status: string; flagged: readonly string[]; scores: Readonly<Record<string, number>> },
  ): string {
    let worst = 0;
    const flags = status === 'flagged' && flagged.length === 0 ? ['*'] : flagged;
    for (const name of NAMES) {
      const isFlagged = flags.includes(name);
      const reported = name === '*' ? undefined : scores[name];
      if (!isFlagged && reported === undefined) continue;
      const listed = name === 'zorp' || name === 'blarg' ? name : '*';
      const found =
        policy.own?.[listed] ??
        policy.own?.['*'] ??
        policy.input?.[listed === '*' ? 'none' : listed] ??
        policy.categories?.[listed === '*' ? 'none' : listed] ??
        policy.input?.['*'] ??
        policy.categories?.['*'] ??
        'flag';
      if (found === 'ignore') continue;
      const tiers = typeof found === 'object' ? found : { block: found };
      const value = reported ?? 1;
      for (const [index, tier] of (['warn', 'review', 'block'] as const).entries()) {
        const at = tiers[tier];
        if (at !== undefined && (at === 'flag' ? isFlagged : value >= at)) worst = Math.max(worst, index + 1);
      }
    }
    return STRICT[worst] ?? '';
  }

  test('the action is what the promised order of rules makes of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        optional(rules),
        optional(rules),
        optional(rules),
        report,
        async (categories, input, own, given) => {
          const policy: Policy = {
            ...(categories && { categories }),
            ...(input && { input: { categories: input } }),
            ...(own && { moderators: { words: own } }),
          };
          const moderator: Scripted = scripted<string>({
            categories: ['zorp', 'blarg'],
            script: () => given,
          });
          const decision = await watch({ moderators: [moderator], policy }).check('text');
          expect(decision.action).toBe(expected({ categories, input, own }, given));
          expect(decision.unchecked).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
