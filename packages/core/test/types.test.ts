import { expect, test } from 'vitest';
import { createGuard, log, reject, retry, type CategoryOf, type Guard, type Moderator } from '../src/index.ts';

// What is promised here is promised by the compiler: `tsc` fails where an expected error does not come.

type Service = 'violence' | 'sexual/minors' | 'harassment';
const base = { moderate: async () => [] };
const service = (): Moderator<Service> => ({
  ...base,
  name: 'service',
  categories: ['violence', 'sexual/minors', 'harassment'],
});
const extended = <const X extends string = never>(more: readonly X[] = []): Moderator<Service | X> => ({
  ...base,
  name: 'extended',
  categories: [...service().categories, ...more],
});
const words = <const N extends string = 'words'>(category: N = 'words' as N): Moderator<N> => ({
  ...base,
  name: 'words',
  categories: [category],
});
const anyOf = <M extends Moderator>(members: readonly M[]): Moderator<CategoryOf<M>> => ({
  ...base,
  name: 'any',
  categories: members.flatMap((member) => member.categories) as CategoryOf<M>[],
});

test('A misspelt category does not compile, wherever it stands', () => {
  // @ts-expect-error misspelt in the base
  expect(() => createGuard({ moderators: [service()], policy: { categories: { violance: 0.5 } } })).toThrow();
  expect(() =>
    // @ts-expect-error misspelt in a stage
    createGuard({ moderators: [service()], policy: { output: { categories: { violance: 0.5 } } } }),
  ).toThrow();
  expect(() =>
    // @ts-expect-error misspelt in the rules of one moderator
    createGuard({ moderators: [service()], policy: { moderators: { service: { violance: 0.5 } } } }),
  ).toThrow();
  expect(() =>
    // @ts-expect-error the policy may stand first
    createGuard({ policy: { categories: { violance: 0.5 } }, moderators: [service(), words()] }),
  ).toThrow();
  // @ts-expect-error of a composite
  expect(() => createGuard({ moderators: [anyOf([words(), service()])], policy: { categories: { x: 1 } } })).toThrow();
  // @ts-expect-error misspelt in a message table
  expect(() => createGuard({ moderators: [service()], message: { input: { violance: 'No' } } })).toThrow();
  // @ts-expect-error misspelt in what a policy function gives
  createGuard({ moderators: [service()], policy: () => ({ categories: { violance: 0.5 } }) });
});

test('A threshold in the wrong place does not compile', () => {
  // @ts-expect-error a threshold is a number
  expect(() => createGuard({ moderators: [service()], policy: { categories: { violence: '0.5' } } })).toThrow();
  // @ts-expect-error a category stands under `categories`
  expect(() => createGuard({ moderators: [service()], policy: { violence: 0.5 } })).toThrow();
  // @ts-expect-error under `categories` in a stage too
  expect(() => createGuard({ moderators: [service()], policy: { output: { violence: 0.5 } } })).toThrow();
  expect(() =>
    // @ts-expect-error there is no such tier
    createGuard({ moderators: [service()], policy: { categories: { violence: { blok: 0.5 } } } }),
  ).toThrow();
  // @ts-expect-error a policy holds no timing
  expect(() => createGuard({ moderators: [service()], policy: { timing: 'before' } })).toThrow();
});

test('A misspelt option, and one that there is not, do not compile', () => {
  // @ts-expect-error misspelt
  expect(() => createGuard({ moderators: [service()], fallbck: reject() })).toThrow();
  // @ts-expect-error misspelt deeper
  expect(() => createGuard({ moderators: [service()], moderation: { deadlin: 5 } })).toThrow();
  // @ts-expect-error no such thing
  expect(() => createGuard({ moderators: [service()], helpLine: '988' })).toThrow();
  // @ts-expect-error misspelt in a fallback
  expect(() => retry({ maxRetry: 1 })).toThrow();
});

test('What is right compiles, without `as const` and without a type argument', () => {
  createGuard({
    moderators: [service(), words()],
    policy: {
      categories: {
        violence: { warn: 0.3, review: 'flag', block: 0.8 },
        'sexual/minors': 0.05,
        words: 'flag',
        '*': 'flag',
      },
      output: { categories: { violence: { block: 0.6 } } },
    },
    output: { fallback: retry({ maxRetries: 2, otherwise: log() }) },
  });
  createGuard({ moderators: { input: [words()], output: [service()] }, policy: { categories: { violence: 0.5 } } });
  createGuard({ moderators: [extended(['new'])], policy: { categories: { new: 0.5, violence: 0.2 } } });
  createGuard({ policy: { categories: { violence: 0.5, words: 'flag' } }, moderators: [anyOf([service(), words()])] });
  const list: Moderator[] = [words('anything')];
  createGuard({ moderators: list, policy: { categories: { anything: 1 } } });
});

test('Listeners and decisions get the union of the categories', async () => {
  const guard = createGuard({ moderators: [service(), words('blarg')] });
  guard.on('flagged', ({ decision }) => {
    const category: Service | 'blarg' | '*' | undefined = decision.findings[0]?.category;
    return category;
  });
  guard.on('flagged', ({ decision }) => {
    // @ts-expect-error `blarg` is in the union
    const category: Service | '*' | undefined = decision.findings[0]?.category;
    return category;
  });
  // @ts-expect-error there is no such event
  guard.on('flaged', () => {});
  const { findings } = await guard.check('fine');
  const category: Service | 'blarg' | '*' | undefined = findings[0]?.category;
  expect(category).toBeUndefined();
});

test('A guard of any categories can be handed to who takes a guard', () => {
  const take = (guard: Guard): Guard => guard;
  expect(take(createGuard({ moderators: [service()] }))).toBeDefined();
});

test('A wrapped function gives what the function gave', async () => {
  const guard = createGuard({ moderators: [{ ...words(), kinds: ['image'] }] });
  const text: Promise<string> = guard.wrap(() => 'fine')([]);
  const promised: Promise<string> = guard.wrap(async () => 'fine')([]);
  async function* pieces(): AsyncGenerator<string> {
    yield 'fine';
  }
  const streamed: AsyncIterable<string> = guard.wrap(pieces)([]);
  // @ts-expect-error a stream is no promise of text
  const wrong: Promise<string> = guard.wrap(pieces)([]);
  expect([await text, await promised]).toEqual(['fine', 'fine']);
  for await (const piece of streamed) expect(piece).toBe('fine');
  wrong.catch(() => {});
});
