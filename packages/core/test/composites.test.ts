import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  cascade,
  clear,
  createGuard,
  failed,
  firstAvailable,
  flag,
  isConfigurationError,
  quorum,
  unsupported,
  type CategoryOf,
  type Decision,
  type GuardOptions,
  type Item,
  type Moderator,
  type Report,
} from '../src/index.ts';
import { ask, model, watch, within } from './support/guards.ts';
import { answering, hang, nothing, scripted, sleep, type Scripted } from './support/moderators.ts';
import { reply, type Turn } from './support/protocol.ts';

const SAYS = ['clear', 'flagged', 'failed', 'unsupported', 'hang'] as const;
type Says = (typeof SAYS)[number];
type Word = 'zorp' | 'blarg';

/** A moderator that says the same of everything; scores are those of `zorp`. */
function member(name: string, says: Says, score?: number): Scripted<'zorp'> {
  const scores = score === undefined ? {} : { zorp: score };
  const answers = {
    clear: () => clear(scores),
    flagged: () => flag(['zorp'], scores),
    failed: () => failed('unavailable'),
    unsupported: () => unsupported('language'),
    hang,
  };
  return scripted({ name, categories: ['zorp'], script: answers[says] });
}

/** What a decision knows of its one segment: judged, or why not. */
function outcomeOf({ verdicts, unchecked }: Decision): string | undefined {
  return unchecked[0]?.reason ?? verdicts[0]?.status;
}

afterEach(() => {
  vi.useRealTimers();
});

/** What a promise comes to, and after how many milliseconds of a clock that no other work slows down. */
async function timed<T>(run: () => Promise<T>): Promise<{ readonly value: T; readonly took: number }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const begun = performance.now();
  const ended = run().then((value) => ({ value, took: performance.now() - begun }));
  await vi.advanceTimersByTimeAsync(1_000);
  return ended;
}

const DEADLINE = 10;

async function outcome(moderator: Moderator): Promise<string | undefined> {
  return outcomeOf(await createGuard({ moderators: [moderator], moderation: { deadline: DEADLINE } }).check('hello'));
}

/** Who was asked, by name and number of requests. */
function requestsOf(...members: readonly Scripted[]): Readonly<Record<string, number>> {
  return Object.fromEntries(members.map(({ name, requests }) => [name, requests.length]));
}

/** The two of a pair, and what comes of it: rows are the first member, columns the second. */
function pairs<S extends string>(
  columns: readonly S[],
  rows: { readonly [R in S]: readonly string[] },
): [S, S, string][] {
  return columns.flatMap((first) =>
    columns.map((second, index): [S, S, string] => [first, second, rows[first][index] ?? '']),
  );
}

describe('firstAvailable', () => {
  test.each(
    pairs(SAYS, {
      clear: ['clear', 'clear', 'clear', 'clear', 'clear'],
      flagged: ['flagged', 'flagged', 'flagged', 'flagged', 'flagged'],
      failed: ['clear', 'flagged', 'failed', 'failed', 'failed'],
      unsupported: ['clear', 'flagged', 'failed', 'unsupported', 'failed'],
      hang: ['clear', 'flagged', 'failed', 'failed', 'failed'],
    }),
  )('of one that says %s and one that says %s says %s', async (first, second, expected) => {
    const [a, b] = [member('a', first), member('b', second)];
    expect(await outcome(firstAvailable([a, b]))).toBe(expected);
    const isEnough = first === 'clear' || first === 'flagged';
    expect(requestsOf(a, b)).toEqual({ a: 1, b: isEnough ? 0 : 1 });
  });

  test('gives the verdict under the name of the member that gave it, and lists what each said before', async () => {
    const guard = watch({ moderators: [firstAvailable([member('a', 'failed'), member('b', 'flagged', 0.7)])] });
    const { verdicts, findings } = await guard.check('hello');
    expect(verdicts).toMatchObject([
      {
        status: 'flagged',
        moderator: 'b',
        scores: { zorp: 0.7 },
        members: [
          { status: 'failed', reason: 'unavailable', moderator: 'a' },
          { status: 'flagged', moderator: 'b' },
        ],
      },
    ]);
    expect(findings).toMatchObject([{ moderator: 'b', category: 'zorp' }]);
  });

  test('that nobody could answer is unchecked under its own name, failures before what is not covered', async () => {
    const guard = watch({ moderators: [firstAvailable([member('a', 'failed'), member('b', 'unsupported')])] });
    const { unchecked, verdicts } = await guard.check('hello');
    expect(unchecked).toMatchObject([{ reason: 'failed', moderator: 'firstAvailable(a, b)' }]);
    expect(verdicts[0]?.members?.map(({ moderator }) => moderator)).toEqual(['a', 'b']);
  });
});

describe('cascade', () => {
  const KINDS = ['sure clear', 'unsure clear', 'sure flag', 'unsure flag', 'failed', 'unsupported', 'hang'] as const;
  const made = (name: string, kind: (typeof KINDS)[number]): Scripted<'zorp'> => {
    if (kind === 'failed' || kind === 'unsupported' || kind === 'hang') return member(name, kind);
    const says = kind.endsWith('clear') ? 'clear' : 'flagged';
    return member(name, says, kind.startsWith('unsure') ? 0.5 : says === 'clear' ? 0.1 : 0.9);
  };
  const [all, second] = [(said: string): string[] => KINDS.map(() => said), ['clear', 'clear', 'flagged', 'flagged']];

  test.each(
    pairs(KINDS, {
      'sure clear': all('clear'),
      'unsure clear': [...second, 'failed', 'unsupported', 'failed'],
      'sure flag': all('flagged'),
      'unsure flag': [...second, 'flagged', 'flagged', 'flagged'],
      failed: [...second, 'failed', 'failed', 'failed'],
      unsupported: [...second, 'failed', 'unsupported', 'failed'],
      hang: [...second, 'failed', 'failed', 'failed'],
    }),
  )('of one that says %s and one that says %s says %s', async (first, next, expected) => {
    const [a, b] = [made('a', first), made('b', next)];
    expect(await outcome(cascade([a, b]))).toBe(expected);
    expect(requestsOf(a, b)).toEqual({ a: 1, b: first.startsWith('sure') ? 0 : 1 });
  });

  test('an unsure clear that only failures follow is not checked, and an unsure flag before them stands', async () => {
    const [unsure, down] = [member('a', 'clear', 0.5), member('c', 'failed')];
    expect(await outcome(cascade([unsure, member('b', 'unsupported'), down]))).toBe('failed');
    const guard = watch({ moderators: [cascade([unsure, member('b', 'flagged', 0.5), down])] });
    const { action, verdicts, unchecked } = await guard.check('hello');
    expect({ action, unchecked }).toEqual({ action: 'block', unchecked: [] });
    expect(verdicts).toMatchObject([
      { moderator: 'b', members: [{ moderator: 'a' }, { moderator: 'b' }, { moderator: 'c' }] },
    ]);
  });

  test.each<readonly [string, unknown, number]>([
    ['a score right below the default band', clear({ zorp: 0.199 }), 0],
    ['the lower end of the default band', clear({ zorp: 0.2 }), 1],
    ['the upper end of the default band', flag(['zorp'], { zorp: 0.8 }), 1],
    ['a score right above the default band', flag(['zorp'], { zorp: 0.801 }), 0],
    ['a clear without any score', clear(), 1],
    ['a flag without any score', flag(['zorp']), 0],
    ['a clear whose scores are undefined', { status: 'clear', flagged: [], scores: { zorp: undefined } }, 1],
    ['scores of which the highest is sure', flag<Word>(['zorp'], { zorp: 0.9, blarg: 0.5 }), 0],
    ['scores of which the highest is not', clear<Word>({ zorp: 0.1, blarg: 0.5 }), 1],
  ])('after %s, the next is asked or not', async (_, said, asked) => {
    const [a, b] = [scripted({ name: 'a', script: () => said }), member('b', 'clear')];
    await outcome(cascade([a, b]));
    expect(b.requests).toHaveLength(asked);
  });

  test('takes a band of the user, ends included', async () => {
    const asked = async (score: number): Promise<number> => {
      const b = member('b', 'clear');
      await outcome(cascade([member('a', 'clear', score), b], { when: { from: 0.4, to: 0.4 } }));
      return b.requests.length;
    };
    expect([await asked(0.39), await asked(0.4), await asked(0.41)]).toEqual([0, 1, 0]);
  });

  test('a member that is in it twice is refused: it would be asked once and count twice', () => {
    const [a, b] = [member('a', 'clear', 0.5), member('b', 'flagged', 0.9)];
    expect(() => cascade([a, b, a])).toThrow(/cascade\.members has a moderator twice/);
    expect(() => quorum(2, [b, b])).toThrow(/quorum\.members has a moderator twice/);
  });

  test('takes a function, which is not asked about failures nor about the last member', async () => {
    const seen: string[] = [];
    const guard = watch({
      moderators: [
        cascade([member('a', 'failed'), member('b', 'clear', 0), member('c', 'clear', 0.5)], {
          when: ({ moderator, status }) => {
            seen.push(`${moderator} ${status}`);
            return true;
          },
        }),
      ],
    });
    expect((await guard.check('hello')).verdicts).toMatchObject([{ status: 'clear', moderator: 'c' }]);
    expect(seen).toEqual(['b clear']);
  });

  test('whose function throws has failed, under its own name, and nobody sees what was thrown', async () => {
    const when = (): boolean => {
      throw new Error('canary');
    };
    const guard = watch({
      moderators: [cascade([member('a', 'clear', 0.1), member('b', 'clear')], { when, name: 'own' })],
    });
    const decision = await guard.check('hello');
    expect(decision).toMatchObject({
      action: 'block',
      findings: [],
      unchecked: [{ reason: 'failed', moderator: 'own' }],
    });
    expect(guard.told['moderator-failed']).toMatchObject([{ moderator: 'own', items: 1 }]);
    expect(JSON.stringify([decision, guard.told])).not.toContain('canary');
  });
});

describe('quorum', () => {
  const SAID = ['clear', 'flagged', 'failed', 'unsupported'] as const;

  /** By definition: what comes out however those that could not say anything would have answered. */
  function expected(agreeing: number, said: readonly Says[]): string {
    const flagging = said.filter((each) => each === 'flagged').length;
    const unknown = said.filter((each) => each !== 'clear' && each !== 'flagged').length;
    const ends = new Set(Array.from({ length: unknown + 1 }, (_, more) => flagging + more >= agreeing));
    if (ends.size > 1) return said.includes('failed') || said.includes('hang') ? 'failed' : 'unsupported';
    return ends.has(true) ? 'flagged' : 'clear';
  }

  test.each([1, 2, 3])(
    '%i of three say what they say however the silent ones would have answered',
    async (agreeing) => {
      for (const a of SAID)
        for (const b of SAID)
          for (const c of SAID) {
            const members = [member('a', a), member('b', b), member('c', c)];
            expect(await outcome(quorum(agreeing, members)), `${a}, ${b}, ${c}`).toBe(expected(agreeing, [a, b, c]));
            expect(requestsOf(...members)).toEqual({ a: 1, b: 1, c: 1 });
          }
    },
  );

  test.each(
    pairs(
      SAYS,
      Object.fromEntries(SAYS.map((first) => [first, SAYS.map((second) => expected(2, [first, second]))])) as Record<
        Says,
        string[]
      >,
    ),
  )('of two, of one that says %s and one that says %s, says %s', async (first, second, expectedOutcome) => {
    expect(await outcome(quorum(2, [member('a', first), member('b', second)]))).toBe(expectedOutcome);
  });

  test('an unsupported member that is not the last is as unknown as the last', async () => {
    const [no, yes, silent] = [member('a', 'clear'), member('b', 'flagged'), member('c', 'unsupported')];
    expect(await outcome(quorum(1, [no, silent]))).toBe('unsupported');
    expect(await outcome(quorum(1, [silent, no]))).toBe('unsupported');
    expect(await outcome(quorum(2, [silent, yes]))).toBe('unsupported');
  });

  test('asks all its members at once', async () => {
    const members = ['a', 'b', 'c'].map((name) => scripted({ name, delay: 40, script: nothing }));
    const guard = watch({ moderators: [quorum(2, members)] });
    expect((await timed(() => guard.check('hello'))).took).toBe(40);
  });

  const saying = (name: string, report: Report<Word>): Scripted => scripted<string>({ name, script: () => report });
  const scoresOf = async (agreeing: number, ...reports: readonly Report<Word>[]): Promise<unknown> => {
    const members = reports.map((report, index) => saying(`m${index}`, report));
    const { verdicts } = await watch({ moderators: [quorum(agreeing, members)] }).check('hello');
    return verdicts.map((verdict) =>
      'scores' in verdict ? { flagged: verdict.flagged, ...verdict.scores } : verdict.status,
    )[0];
  };

  test.each([
    [1, 0.9],
    [2, 0.5],
    [3, 0.1],
  ])('a score is one that so many members reach: of three, %i reach %d', async (agreeing, zorp) => {
    const reports = [clear({ zorp: 0.5 }), clear({ zorp: 0.1 }), clear({ zorp: 0.9 })];
    expect(await scoresOf(agreeing, ...reports)).toEqual({ flagged: [], zorp });
  });

  test('a score that a member does not give is 0', async () => {
    expect(await scoresOf(2, clear({ zorp: 0.5 }), clear({ blarg: 0.6 }))).toEqual({ flagged: [], zorp: 0, blarg: 0 });
  });

  test('a member that could not say anything counts as one that reaches every score', async () => {
    expect(await scoresOf(2, clear({ zorp: 0.4 }), clear({ zorp: 0.1 }), failed('denied'))).toEqual({
      flagged: [],
      zorp: 0.4,
    });
    expect(await scoresOf(3, clear({ zorp: 0.4 }), clear({ zorp: 0.1 }), failed('denied'))).toEqual({
      flagged: [],
      zorp: 0.1,
    });
  });

  test('what is flagged is every category that one of those who flag names, with the highest score of it', async () => {
    const reports = [
      flag<Word>(['zorp'], { zorp: 0.6, blarg: 0.3 }),
      flag(['blarg'], { blarg: 0.7 }),
      clear({ zorp: 0.2 }),
    ] as const;
    expect(await scoresOf(2, ...reports)).toEqual({ flagged: ['zorp', 'blarg'], zorp: 0.6, blarg: 0.7 });
    expect(await scoresOf(3, ...reports)).toEqual({ flagged: [], zorp: 0, blarg: 0 });
  });

  test('flags without a category agree too', async () => {
    const { action, findings } = await watch({
      moderators: [quorum(2, [saying('a', flag()), saying('b', flag())])],
    }).check('hello');
    expect({ action, findings }).toMatchObject({ action: 'block', findings: [{ category: '*' }] });
  });

  test('speaks under its own name, and lists what each said in the order of its members', async () => {
    const slow = scripted({ name: 'a', categories: ['zorp'], delay: 10, script: () => flag(['zorp']) });
    const guard = watch({ moderators: [quorum(2, [slow, member('b', 'flagged'), member('c', 'failed')])] });
    expect((await guard.check('hello')).verdicts).toMatchObject([
      {
        moderator: 'quorum(a, b, c)',
        status: 'flagged',
        members: [
          { moderator: 'a', status: 'flagged' },
          { moderator: 'b', status: 'flagged' },
          { moderator: 'c', status: 'failed' },
        ],
      },
    ]);
  });
});

describe('The rules of a policy', () => {
  test.each([
    ['firstAvailable', firstAvailable] as const,
    ['cascade', (members: readonly Moderator<'zorp'>[]) => cascade(members)] as const,
  ])('for a member apply to a verdict of %s that carries its name, and to no other', async (_, compose) => {
    const act = async (a: Says, b: Says): Promise<unknown> => {
      const guard = watch({
        moderators: [compose([member('a', a, 0.9), member('b', b, 0.9)])],
        policy: { categories: { zorp: 'flag' }, moderators: { b: { zorp: { review: 0.9 } } } },
      });
      return (await guard.check('hello')).action;
    };
    expect(await act('flagged', 'flagged')).toBe('block');
    expect(await act('failed', 'flagged')).toBe('review');
  });

  test('for a composite itself apply to what it says under its own name', async () => {
    const guard = watch({
      moderators: [quorum(1, [member('a', 'flagged')], { name: 'own' })],
      policy: { categories: { zorp: 'flag' }, moderators: { a: { zorp: 'ignore' }, own: { zorp: { warn: 'flag' } } } },
    });
    expect((await guard.check('hello')).action).toBe('warn');
  });

  test('make a review of a disagreement', async () => {
    const members = [member('a', 'flagged', 0.5), member('b', 'clear', 0.1)];
    for (const moderator of [
      cascade(members, { disagreement: 'contested' }),
      quorum(2, members, { disagreement: 'contested' }),
    ]) {
      const guard = watch({ moderators: [moderator], policy: { categories: { contested: { review: 'flag' } } } });
      const { action, findings, verdicts } = await guard.check('hello');
      expect(action).toBe('review');
      expect(findings).toMatchObject([{ category: 'contested', moderator: moderator.name, action: 'review' }]);
      expect(verdicts).toMatchObject([{ status: 'flagged', flagged: ['contested'], moderator: moderator.name }]);
    }
  });

  test('see no disagreement where members agree, nor where one could not say anything', async () => {
    for (const [first, second] of [
      ['clear', 'clear'],
      ['flagged', 'flagged'],
      ['flagged', 'failed'],
      ['unsupported', 'clear'],
    ] as const) {
      const members = [member('a', first, 0.5), member('b', second, 0.5)];
      for (const moderator of [
        cascade(members, { disagreement: 'contested' }),
        quorum(1, members, { disagreement: 'contested' }),
      ]) {
        const { findings } = await watch({ moderators: [moderator] }).check('hello');
        expect(findings.map(({ category }) => category)).not.toContain('contested');
      }
    }
  });

  test('see a disagreement of a cascade whose last member failed, beside the flag that stands', async () => {
    const members = [member('a', 'flagged', 0.5), member('b', 'clear', 0.5), member('c', 'failed')];
    const guard = watch({ moderators: [cascade(members, { disagreement: 'contested' })] });
    const { findings } = await guard.check('hello');
    expect(findings.map(({ category }) => category)).toEqual(expect.arrayContaining(['zorp', 'contested']));
  });
});

describe('Members', () => {
  const withPath = (items: readonly Item[]): readonly string[] => items.map((item) => JSON.stringify(item)).toSorted();
  const itemsOf = ({ requests }: Scripted): readonly string[] => withPath(requests.flatMap(({ items }) => items));
  const turns: Turn[] = [
    { role: 'user', parts: [{ text: 'before' }, { text: 'too' }] },
    { role: 'assistant', parts: [{ text: 'answer' }] },
    { role: 'user', parts: [{ kind: 'image', image: new URL('data:,x') }, { text: 'one' }, { text: 'two' }] },
  ];

  test.each([
    ['firstAvailable', (members: readonly Moderator[]) => firstAvailable(members)] as const,
    ['cascade', (members: readonly Moderator[]) => cascade(members)] as const,
    ['quorum', (members: readonly Moderator[]) => quorum(1, members)] as const,
  ])(
    'of %s that read segments, messages and conversations are asked what they would be asked alone',
    async (_, compose) => {
      // All of them are always asked, for none can say anything.
      const make = (): Scripted[] =>
        (['segment', 'message', 'conversation'] as const).map((reads) =>
          scripted<string>({ name: reads, reads, script: () => unsupported('language') }),
        );
      const eyes = (): Scripted =>
        scripted<string>({ name: 'eyes', kinds: ['image'], script: () => unsupported('language') });
      const [alone, composed] = [
        [...make(), eyes()],
        [...make(), eyes()],
      ];
      for (const moderators of [alone, [compose(composed)]])
        await ask('reply', watch({ moderators }), { turns }, model(reply('fine', 'fair')));
      expect(composed.map(itemsOf)).toEqual(alone.map(itemsOf));
    },
  );

  test('with other kinds: who does not cover a segment is not asked about it, and is unsupported', async () => {
    const eyes = scripted({ name: 'eyes', kinds: ['image'], categories: ['zorp'], script: () => flag(['zorp']) });
    const words = member('words', 'clear', 0);
    const guard = watch({ moderators: [firstAvailable([words, eyes])] });
    const image = { kind: 'image', role: 'user', path: 'i', image: new URL('data:,x') } as const;
    const { verdicts } = await guard.check([{ kind: 'text', role: 'user', path: 't', text: 'hello' }, image]);
    expect(verdicts).toMatchObject([
      { path: 't', moderator: 'words', status: 'clear' },
      { path: 'i', moderator: 'eyes', members: [{ moderator: 'words', status: 'unsupported', reason: 'kind' }, {}] },
    ]);
    expect(requestsOf(words, eyes)).toEqual({ words: 1, eyes: 1 });
    const audio = await guard.check([{ kind: 'audio', role: 'user', path: 'a' }]);
    expect(audio.unchecked).toEqual([{ path: 'a', reason: 'unsupported' }]);
  });

  test('with partitions see the context, and share nothing between tenants; the others know of none', async () => {
    const own = scripted({ name: 'own', partition: ({ tenant = '' }) => tenant, script: nothing });
    const common = scripted({ name: 'common', script: nothing });
    const guard = watch({ moderators: [quorum(1, [own, common])] });
    for (const tenant of ['a', 'b', 'a']) await guard.check('hello', { context: { tenant } });
    expect(own.requests.map(({ options }) => options.context)).toEqual([{ tenant: 'a' }, { tenant: 'b' }]);
    expect(common.requests.map(({ options }) => options.context)).toEqual([undefined]);
  });

  const long = Array.from({ length: 20 }, (_, index) => `Fine words stand in line ${index}. `).join('');

  test('of different limits: a long text is cut to the smallest, and a flag in any piece is found', async () => {
    const [small, large] = [
      scripted({ name: 'small', maxCharacters: 100 }),
      scripted({ name: 'large', maxCharacters: 300 }),
    ];
    const guard = watch({ moderators: [quorum(2, [small, large])] });
    const { action, verdicts } = await guard.check(`${long}zorp`);
    expect(action).toBe('block');
    expect(verdicts).toMatchObject([
      { status: 'flagged', flagged: ['zorp'], spans: { zorp: { end: long.length + 4 } } },
    ]);
    for (const { requests } of [small, large]) {
      const sizes = requests.flatMap(({ items }) =>
        items.map(({ segment, before = '' }) => before.length + (segment.text ?? '').length),
      );
      expect(sizes.length).toBeGreaterThan(4);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    }
  });

  test('that read whole messages are asked once, as they would be alone, where another has a long text cut', async () => {
    const small = scripted({ name: 'small', maxCharacters: 100, script: nothing });
    const [whole, alone] = [
      scripted({ name: 'whole', reads: 'message' }),
      scripted({ name: 'whole', reads: 'message' }),
    ];
    await watch({ moderators: [alone] }).check(long);
    await watch({ moderators: [quorum(1, [small, whole])] }).check(long);
    const [given, expected] = [whole, alone].map(({ requests }) => requests[0]?.items[0]);
    expect([given?.segment, given?.message]).toEqual([expected?.segment, expected?.message]);
    expect(whole.requests).toHaveLength(alone.requests.length);
  });

  test('may be composites: names, rules and lists reach through', async () => {
    const inner = cascade([member('a', 'clear', 0.5), member('b', 'flagged', 0.9)], { name: 'inner' });
    const outer = firstAvailable([member('z', 'failed'), inner], { name: 'outer' });
    const guard = watch({
      moderators: [outer],
      policy: { categories: { zorp: 'flag' }, moderators: { b: { zorp: { review: 'flag' } } } },
    });
    const { action, verdicts } = await guard.check('hello');
    expect(action).toBe('review');
    expect(verdicts).toMatchObject([
      {
        moderator: 'b',
        members: [
          { moderator: 'z', status: 'failed' },
          { moderator: 'b', status: 'flagged', members: [{ moderator: 'a' }, { moderator: 'b' }] },
        ],
      },
    ]);
  });

  test('that are composites and cannot say anything are listed under the name of the composite', async () => {
    const inner = cascade([member('a', 'failed')], { name: 'inner' });
    const guard = watch({ moderators: [firstAvailable([inner, member('b', 'clear')])] });
    expect((await guard.check('hello')).verdicts[0]?.members).toMatchObject([
      { moderator: 'inner', status: 'failed', members: [{ moderator: 'a' }] },
      { moderator: 'b', status: 'clear' },
    ]);
  });

  test('that fail are told each under its own name, and the composite that they bring down is not told beside', async () => {
    const guard = watch({ moderators: [firstAvailable([member('a', 'failed'), member('b', 'failed')])] });
    await guard.check('hello');
    expect(guard.told['moderator-failed'].map(({ moderator }) => moderator)).toEqual(['a', 'b']);
  });

  test('what they said cannot be changed by who gets it', async () => {
    const guard = watch({ moderators: [firstAvailable([member('a', 'clear')])] });
    const { verdicts } = await guard.check('hello');
    expect(Object.isFrozen(verdicts[0]?.members)).toBe(true);
  });

  test.each([
    ['firstAvailable', firstAvailable] as const,
    ['cascade', (members: readonly Moderator<'zorp'>[]) => cascade(members)] as const,
  ])('of %s that are also seated by themselves share one request and what is remembered', async (_, compose) => {
    const [a, b] = [member('a', 'clear', 0.1), member('b', 'clear', 0.1)];
    const guard = watch({ moderators: [a, compose([a, b])] });
    expect((await guard.check('hello')).verdicts).toHaveLength(2);
    expect(requestsOf(a, b)).toEqual({ a: 1, b: 0 });
    await guard.check('hello');
    expect(requestsOf(a, b)).toEqual({ a: 1, b: 0 });
  });

  test('of two composites are asked once', async () => {
    const a = member('a', 'clear', 0.1);
    await watch({ moderators: [firstAvailable([a]), quorum(1, [a])] }).check('hello');
    expect(a.requests).toHaveLength(1);
  });

  test('have their own options by name', async () => {
    const [a, b] = [member('a', 'hang'), member('b', 'clear')];
    const guard = watch({
      moderators: [firstAvailable([a, b])],
      moderation: { deadline: 5_000, moderators: { a: { deadline: 20 } } },
    });
    expect((await within(500, guard.check('hello'))).verdicts).toMatchObject([{ moderator: 'b' }]);
    expect(a.requests[0]?.options.signal.aborted).toBe(true);
  });
});

describe('Time', () => {
  const compositions = [
    ['firstAvailable', (members: readonly Moderator[]) => firstAvailable(members)] as const,
    ['cascade', (members: readonly Moderator[]) => cascade(members)] as const,
  ];

  test.each(compositions)(
    'a hanging first member of %s costs its own deadline, and then the next is asked',
    async (_, compose) => {
      const [a, b] = [member('a', 'hang'), scripted({ name: 'b', delay: 20, script: () => clear({ zorp: 0 }) })];
      const guard = watch({ moderators: [compose([a, b])], moderation: { deadline: 60 } });
      const { value: decision, took } = await timed(() => guard.check('hello'));
      expect(outcomeOf(decision)).toBe('clear');
      expect(took).toBeGreaterThanOrEqual(78);
      expect(took).toBeLessThan(130);
      expect(a.requests[0]?.options.signal.aborted).toBe(true);
    },
  );

  test.each(compositions)(
    'members of %s that all hang end it within the sum of their deadlines, and 50 ms',
    async (_, compose) => {
      const guard = watch({
        moderators: [compose(['a', 'b', 'c'].map((name) => member(name, 'hang')))],
        moderation: { deadline: 40 },
      });
      const {
        value: { unchecked, verdicts },
        took,
      } = await timed(() => guard.check('hello'));
      expect(took).toBeGreaterThanOrEqual(117);
      expect(took).toBeLessThan(170);
      expect(unchecked).toMatchObject([{ reason: 'failed' }]);
      expect(verdicts[0]?.members).toMatchObject(
        ['a', 'b', 'c'].map((moderator) => ({ moderator, reason: 'timeout' })),
      );
    },
  );

  test('members of a quorum hang side by side', async () => {
    const guard = watch({
      moderators: [
        quorum(
          2,
          ['a', 'b', 'c'].map((name) => member(name, 'hang')),
        ),
      ],
      moderation: { deadline: 40 },
    });
    const { value, took } = await timed(() => guard.check('hello'));
    expect(outcomeOf(value)).toBe('failed');
    expect(took).toBe(40);
  });

  test.each(compositions)(
    'an abort of the caller reaches the member of %s in flight, and the next is not asked',
    async (_, compose) => {
      const [a, b] = [member('a', 'hang'), member('b', 'clear')];
      const guard = watch({ moderators: [compose([a, b])] });
      const controller = new AbortController();
      const running = guard.check('hello', { signal: controller.signal });
      await sleep(2);
      expect(a.requests[0]?.options.signal.aborted).toBe(false);
      controller.abort();
      await expect(running).rejects.toMatchObject({ name: 'AbortError' });
      expect(a.requests[0]?.options.signal.aborted).toBe(true);
      await sleep(2);
      expect(b.requests).toHaveLength(0);
      expect(guard.told['moderator-failed']).toEqual([]);
    },
  );

  test("one caller's abort takes nothing from another who asks through the same composite", async () => {
    const a = scripted({ name: 'a', delay: 20 });
    const guard = watch({ moderators: [firstAvailable([a])] });
    const controller = new AbortController();
    const [left, stays] = [guard.check('zorp', { signal: controller.signal }), guard.check('zorp')];
    await sleep(2);
    controller.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    expect((await stays).action).toBe('block');
    expect(a.requests).toHaveLength(1);
  });
});

describe('A composite of a user', () => {
  type Moderate = Moderator<'zorp'>['moderate'];
  const own = (members: readonly Moderator[], moderate: Moderate): Moderator<'zorp'> => ({
    name: 'own',
    categories: ['zorp'],
    members,
    moderate,
  });

  test('asks its members with `ask`, and makes of it what it likes', async () => {
    const [a, b] = [member('a', 'flagged'), member('b', 'clear')];
    const guard = watch({
      moderators: [
        own([a, b], async (items, options) => {
          const [first, second] = await Promise.all([options.ask(a, items), options.ask(b, items)]);
          return items.map((_, index) =>
            first[index]?.status === 'flagged' && second[index]?.status === 'clear'
              ? flag(['zorp'], { zorp: 0.25 })
              : clear(),
          );
        }),
      ],
    });
    expect((await guard.check('hello')).findings).toMatchObject([{ moderator: 'own', category: 'zorp', score: 0.25 }]);
    expect(requestsOf(a, b)).toEqual({ a: 1, b: 1 });
  });

  test('that hangs for ever ends by the sum of the deadlines of its members, and is told', async () => {
    const asked = member('a', 'hang');
    const guard = watch({
      moderators: [
        own([asked, member('b', 'clear')], (items, options) => {
          void options.ask(asked, items);
          return hang();
        }),
      ],
      moderation: { deadline: 40 },
    });
    const { value: decision, took } = await timed(() => guard.check('hello'));
    expect(took).toBeGreaterThanOrEqual(78);
    expect(took).toBeLessThan(130);
    expect(decision).toMatchObject({ action: 'block', unchecked: [{ reason: 'failed', moderator: 'own' }] });
    expect(guard.told['moderator-failed']).toMatchObject([
      { moderator: 'a', reason: 'timeout' },
      { moderator: 'own', reason: 'timeout' },
    ]);
  });

  test('that is told to stop sees it, and so do the members that it asked', async () => {
    const asked = member('a', 'hang');
    let seen: AbortSignal | undefined;
    const guard = watch({
      moderators: [
        own([asked], (items, options) => {
          seen = options.signal;
          void options.ask(asked, items);
          return hang();
        }),
      ],
    });
    const controller = new AbortController();
    const running = guard.check('hello', { signal: controller.signal });
    await sleep(2);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen?.aborted).toBe(true);
    expect(asked.requests[0]?.options.signal.aborted).toBe(true);
  });

  test('that asks a moderator that is not its member hears that it failed', async () => {
    const [a, stranger] = [member('a', 'clear'), member('stranger', 'clear')];
    const guard = watch({
      moderators: [stranger, own([a], async (items, options) => options.ask(stranger, items))],
    });
    const { action, verdicts } = await guard.check('hello');
    expect(action).toBe('block');
    expect(verdicts).toMatchObject([
      { moderator: 'stranger', status: 'clear' },
      { moderator: 'own', status: 'failed', reason: 'malformed' },
    ]);
    expect(stranger.requests).toHaveLength(1);
  });

  test('that asks after it has answered is told that it is over, and nobody is asked', async () => {
    const a = member('a', 'clear');
    const late = Promise.withResolvers<unknown>();
    const guard = watch({
      moderators: [
        own([a], async (items, options) => {
          setTimeout(() => late.resolve(options.ask(a, items)), 5);
          return items.map(() => clear());
        }),
      ],
    });
    await guard.check('hello');
    expect(await late.promise).toMatchObject([{ status: 'failed', reason: 'aborted' }]);
    expect(a.requests).toHaveLength(0);
  });

  test.each(['stranger', 'c', '', 5])(
    "that answers under the name %j, which is no member's, has its own",
    async (name) => {
      const other = member('c', 'clear');
      const guard = watch({
        moderators: [
          other,
          own([member('a', 'clear')], async (items) =>
            items.map(() => ({ ...flag(['zorp']), moderator: name as string })),
          ),
        ],
      });
      expect((await guard.check('hello')).verdicts.map(({ moderator }) => moderator)).toEqual(['c', 'own']);
    },
  );

  test('a moderator without members speaks under no other name, and lists none', async () => {
    const liar = scripted({ name: 'liar', script: () => ({ ...clear(), moderator: 'a', members: [clear()] }) });
    const { verdicts } = await watch({ moderators: [liar, member('a', 'clear')] }).check('hello');
    expect(verdicts[0]).toMatchObject({ moderator: 'liar' });
    expect(verdicts[0]).not.toHaveProperty('members');
  });

  test('a moderator without members that asks another hears that it failed', async () => {
    const a = member('a', 'clear');
    const asking = answering(async (items, options) => options.ask(a, items), { name: 'asking' });
    const { verdicts } = await watch({ moderators: [asking] }).check('hello');
    expect(verdicts).toMatchObject([{ moderator: 'asking', status: 'failed', reason: 'malformed' }]);
    expect(a.requests).toHaveLength(0);
  });

  test.each<readonly [string, (items: readonly Item[]) => unknown]>([
    ['nothing', () => []],
    ['too much', (items) => [...items, ...items].map(() => clear())],
    ['no list', () => clear()],
    ['undefined', (items) => items.map(() => undefined)],
  ])('that answers with %s has failed', async (_, answer) => {
    const guard = watch({
      moderators: [own([member('a', 'clear')], async (items) => answer(items) as Report<'zorp'>[])],
    });
    expect((await guard.check('hello')).unchecked).toMatchObject([{ reason: 'failed', moderator: 'own' }]);
    expect(guard.told['moderator-failed']).toMatchObject([{ moderator: 'own', reason: 'malformed' }]);
  });
});

describe('What is wrong is said at construction, with its path', () => {
  const mistakeIn = (make: () => unknown): string => {
    try {
      make();
    } catch (error) {
      if (isConfigurationError(error)) return error.path;
      throw error;
    }
    return 'accepted';
  };
  const [a, b] = [member('a', 'clear'), member('b', 'clear')];
  /** As somebody writes it whom no compiler helps. */
  const loose = { cascade, firstAvailable, quorum } as unknown as Record<
    'cascade' | 'firstAvailable' | 'quorum',
    (...args: readonly unknown[]) => Moderator
  >;

  test.each<readonly [string, () => unknown, string]>([
    ['firstAvailable without members', () => firstAvailable([]), 'firstAvailable.members'],
    ['cascade without members', () => cascade([]), 'cascade.members'],
    ['quorum without members', () => quorum(1, []), 'quorum'],
    ['a quorum of 0', () => quorum(0, [a]), 'quorum'],
    ['a quorum of more than there are', () => quorum(3, [a, b]), 'quorum'],
    ['a quorum of a half', () => quorum(1.5, [a, b]), 'quorum'],
    ['a quorum that is no number', () => loose.quorum('2', [a, b]), 'quorum'],
    ['an unknown option of firstAvailable', () => loose.firstAvailable([a], { nmae: 'x' }), 'firstAvailable.nmae'],
    [
      'a disagreement of firstAvailable, which asks nobody who could disagree',
      // @ts-expect-error the compiler refuses it too
      () => firstAvailable([a, b], { disagreement: 'contested' }),
      'firstAvailable.disagreement',
    ],
    ['an unknown option of cascade', () => loose.cascade([a], { whn: () => true }), 'cascade.whn'],
    ['an unknown option of quorum', () => loose.quorum(1, [a], { when: {} }), 'quorum.when'],
    ['an empty name', () => cascade([a], { name: '' }), 'cascade.name'],
    ['a band outside of the scores', () => cascade([a], { when: { from: 0, to: 2 } }), 'cascade.when.to'],
    ['half a band', () => loose.cascade([a], { when: { from: 0.5 } }), 'cascade.when.to'],
    ['a member that is no moderator', () => loose.cascade([a, { name: 'x' }]), 'cascade.members[1].categories'],
    ['two members of one name', () => createGuard({ moderators: [cascade([a, member('a', 'clear')])] }), 'moderators'],
    [
      'a member named like a moderator',
      () => createGuard({ moderators: [a, cascade([member('a', 'clear')])] }),
      'moderators',
    ],
    [
      'a composite named like its member',
      () => createGuard({ moderators: [cascade([a], { name: 'a' })] }),
      'moderators',
    ],
    [
      'a member that is no moderator, of a composite of a user',
      () => createGuard({ moderators: [{ ...a, members: [{}] }] } as unknown as GuardOptions),
      'moderators[0].members[0].name',
    ],
    [
      'rules for a moderator that is no member',
      () => createGuard({ moderators: [cascade([a])], policy: { moderators: { b: { zorp: 'flag' } } } }),
      'policy.moderators.b',
    ],
  ])('%s', (_, make, path) => {
    expect(mistakeIn(make)).toBe(path);
  });

  test('but the same moderator may be in several places', () => {
    const make = (): unknown => createGuard({ moderators: [a, cascade([a, b]), quorum(1, [a, b])] });
    expect(mistakeIn(make)).toBe('accepted');
  });
});

describe('What a composite is', () => {
  test('it covers what any of its members covers, and reads as much as the one that reads most', () => {
    const eyes = scripted({ name: 'eyes', kinds: ['image', 'text'], maxCharacters: 50, span: 9 });
    const ears = scripted({ name: 'ears', kinds: ['audio'], reads: 'message', maxCharacters: 20 });
    expect(quorum(1, [eyes, ears])).toMatchObject({
      name: 'quorum(eyes, ears)',
      kinds: ['text', 'image', 'audio'],
      reads: 'message',
      maxCharacters: 20,
      span: 9,
    });
    expect(cascade([scripted(), scripted({ name: 'talk', reads: 'conversation' }), ears])).toMatchObject({
      reads: 'conversation',
    });
  });

  test('it works in this process where all its members do', () => {
    const [here, there] = [scripted({ name: 'here', inProcess: true }), scripted({ name: 'there' })];
    expect(firstAvailable([here])).toMatchObject({ inProcess: true });
    expect(firstAvailable([here, there]).inProcess).toBeFalsy();
  });

  test('its categories are those of its members, once each, and the disagreement', () => {
    const other = scripted({ name: 'other', categories: ['blarg', 'glim'] });
    expect(quorum(1, [scripted(), other], { disagreement: 'contested' }).categories).toEqual([
      'zorp',
      'blarg',
      'glim',
      'contested',
    ]);
  });

  test('a policy takes the categories of its members and its own, and the compiler refuses others', () => {
    const members = [
      scripted({ name: 'a', categories: ['zorp'] }),
      scripted({ name: 'b', categories: ['blarg'] }),
    ] as const;
    const all = quorum(1, members, { disagreement: 'contested' });
    expectTypeOf<CategoryOf<typeof all>>().toEqualTypeOf<'zorp' | 'blarg' | 'contested'>();
    const nested = cascade([firstAvailable(members), all], { disagreement: 'split' });
    expectTypeOf<CategoryOf<typeof nested>>().toEqualTypeOf<'zorp' | 'blarg' | 'contested' | 'split'>();
    createGuard({
      moderators: [all],
      policy: { categories: { zorp: 1, blarg: 'flag', contested: { review: 'flag' } } },
    });
    createGuard({ moderators: [nested], policy: { moderators: { a: { zorp: 1 } }, categories: { split: 'flag' } } });
    // @ts-expect-error misspelt
    expect(() => createGuard({ moderators: [all], policy: { categories: { contestd: 'flag' } } })).toThrow();
    // @ts-expect-error none was asked for
    expect(() => createGuard({ moderators: [quorum(1, members)], policy: { categories: { contested: 1 } } })).toThrow();
    // @ts-expect-error the disagreement of a composite that is not in this guard
    expect(() => createGuard({ moderators: [all], policy: { categories: { split: 'flag' } } })).toThrow();
  });
});
