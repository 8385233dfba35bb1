import { describe, expect, test, vi } from 'vitest';
import {
  ConfigurationError,
  createGuard,
  isConfigurationError,
  log,
  reject,
  retry,
  type CallContext,
  type GuardOptions,
  type Moderator,
} from '../src/index.ts';
import { scripted } from './support/moderators.ts';
import { chat, protocol } from './support/protocol.ts';

const moderators = [scripted()];

/** What createGuard says of options that no compiler has seen. */
function mistakeIn(make: () => unknown): ConfigurationError {
  try {
    make();
  } catch (error) {
    if (isConfigurationError(error)) return error;
    throw error;
  }
  throw new Error('It was accepted');
}

const create = (options: unknown): unknown => createGuard(options as GuardOptions);

/** A sentence: it begins with the path, ends like one, and says something. */
function expectSentence({ path, message }: ConfigurationError): void {
  expect(message.startsWith(path)).toBe(true);
  expect(message).toMatch(/ .*[.?]$/);
  expect(message).not.toMatch(/undefined|\[object/);
}

test('Moderators alone are enough', () => {
  expect(() => createGuard({ moderators })).not.toThrow();
});

describe('A mistake in the options is refused at construction, with its path and a sentence', () => {
  const words = moderators[0];
  test.each<readonly [path: string, said: RegExp, options: unknown]>([
    // misspelt
    ['polcy', /is not .*policy/, { moderators, polcy: {} }],
    ['moderater', /not an option/, { moderater: moderators }],
    ['input.timimg', /is not .*timing/, { moderators, input: { timimg: 'before' } }],
    ['output.fallbck', /is not .*fallback/, { moderators, output: { fallbck: reject() } }],
    ['moderation.deadlin', /is not .*deadline/, { moderators, moderation: { deadlin: 5 } }],
    ['moderation.cache.tll', /not an option/, { moderators, moderation: { cache: { tll: 5 } } }],
    ['whenUnchecked.faild', /not an option/, { moderators, whenUnchecked: { faild: 'block' } }],
    ['message.imput', /not an option/, { moderators, message: { imput: {} } }],
    ['message.input.zorb', /is not .*zorp/, { moderators, message: { input: { zorb: 'No' } } }],
    ['moderators.input', /must be|not an option/, { moderators: { inptu: moderators, output: moderators } }],
    ['policy.categroies', /is not .*categories/, { moderators, policy: { categroies: {} } }],
    ['policy.input.category', /not an option/, { moderators, policy: { input: { category: {} } } }],
    // categories and moderators that there are none of
    ['policy.categories.zorb', /is not .*zorp/, { moderators, policy: { categories: { zorb: 0.5 } } }],
    [
      'policy.categories.constructor',
      /is not a category of words/,
      { moderators, policy: { categories: { constructor: 0.5 } } },
    ],
    [
      'policy.output.categories.blarg',
      /is not a category of other/,
      {
        moderators: { input: moderators, output: [scripted({ name: 'other', categories: ['zorp'] })] },
        policy: { output: { categories: { blarg: 'flag' } } },
      },
    ],
    ['policy.moderators.word', /is not .*words/, { moderators, policy: { moderators: { word: { zorp: 0.5 } } } }],
    ['policy.moderators.words.zorb', /is not .*zorp/, { moderators, policy: { moderators: { words: { zorb: 0.5 } } } }],
    // thresholds
    ['policy.categories.zorp', /above 0 and at most 1.*not 0/, { moderators, policy: { categories: { zorp: 0 } } }],
    ['policy.categories.zorp', /not NaN/, { moderators, policy: { categories: { zorp: Number.NaN } } }],
    ['policy.categories.zorp', /must be a score/, { moderators, policy: { categories: { zorp: () => 1 } } }],
    ['policy.categories.zorp', /not 75/, { moderators, policy: { categories: { zorp: 75 } } }],
    ['policy.categories.zorp', /not -0\.1/, { moderators, policy: { categories: { zorp: -0.1 } } }],
    ['policy.categories.zorp', /not Infinity/, { moderators, policy: { categories: { zorp: Infinity } } }],
    [
      'policy.categories.zorp',
      /must be a score above 0.*0\.5/,
      { moderators, policy: { categories: { zorp: '0.5' } } },
    ],
    ['policy.categories.zorp', /must be a score above 0/, { moderators, policy: { categories: { zorp: null } } }],
    ['policy.categories.zorp', /must be a score above 0/, { moderators, policy: { categories: { zorp: true } } }],
    ['policy.categories.zorp.block', /not 8/, { moderators, policy: { categories: { zorp: { block: 8 } } } }],
    [
      'policy.categories.zorp.warn',
      /must be a score/,
      { moderators, policy: { categories: { zorp: { warn: 'ignore' } } } },
    ],
    ["policy.categories['*']", /at most 1/, { moderators, policy: { categories: { '*': 2 } } }],
    ['policy.output.categories.zorp', /above 0/, { moderators, policy: { output: { categories: { zorp: 0 } } } }],
    // rules that can never fire
    [
      'policy.categories.zorp.warn',
      /can never take effect/,
      { moderators, policy: { categories: { zorp: { warn: 0.8, block: 0.5 } } } },
    ],
    [
      'policy.categories.zorp.review',
      /can never take effect/,
      { moderators, policy: { categories: { zorp: { review: 0.5, block: 0.5 } } } },
    ],
    [
      'policy.categories.zorp.warn',
      /can never take effect/,
      { moderators, policy: { categories: { zorp: { warn: 'flag', review: 'flag' } } } },
    ],
    ['policy.categories.zorp.blok', /is not .*block/, { moderators, policy: { categories: { zorp: { blok: 1 } } } }],
    ['policy.categories.zorp', /names no tier/, { moderators, policy: { categories: { zorp: {} } } }],
    ['policy', /must be/, { moderators, policy: 'strict' }],
    // moderators
    ['moderators', /empty/, { moderators: [] }],
    ['moderators', /empty/, { moderators: { input: [], output: [] } }],
    ['moderators', /two .*named "words"/, { moderators: [scripted(), scripted()] }],
    ['moderators', /two .*named "words"/, { moderators: { input: [scripted()], output: [scripted()] } }],
    ['moderators', /must be/, {}],
    ['moderators.input', /must be/, { moderators: words }],
    ['moderators[0].moderate', /must be a function/, { moderators: [{ ...words, moderate: undefined }] }],
    ['moderators[0].name', /must be/, { moderators: [{ ...words, name: '' }] }],
    ['moderators[0].kinds[0]', /must be "text"/, { moderators: [{ ...words, kinds: ['txt'] }] }],
    ['moderators[0].reads', /must be "segment"/, { moderators: [{ ...words, reads: 'all' }] }],
    ['moderators[0].batch.items', /must be/, { moderators: [{ ...words, batch: { items: 0, characters: 9 } }] }],
    [
      'moderators.output[0].categories',
      /must be .*array/,
      { moderators: { input: moderators, output: [{ ...words, categories: 'zorp' }] } },
    ],
    // values
    ['input.timing', /must be "before" or "during"/, { moderators, input: { timing: 'after' } }],
    ['input.timing', /does not wait/, { moderators, input: { timing: 'during', fallback: log() } }],
    ['input.timing', /does not wait/, { moderators, input: { timing: 'during' }, fallback: log() }],
    ['input.scope', /must be a function/, { moderators, input: { scope: ['user'] } }],
    ['fallback', /reject\(\), log\(\), retry\(\)/, { moderators, fallback: 'reject' }],
    ['fallback', /reject\(\), log\(\), retry\(\)/, { moderators, fallback: reject }],
    [
      'output.fallback',
      /reject\(\), log\(\), retry\(\)/,
      { moderators, output: { fallback: { waits: true, retries: 6, answer: () => ({ kind: 'reject' }) } } },
    ],
    ['moderation.deadline', /more than 0/, { moderators, moderation: { deadline: 0 } }],
    ['moderation.deadline', /must be/, { moderators, moderation: { deadline: Number.NaN } }],
    ['moderation.deadline', /must be/, { moderators, moderation: { deadline: Infinity } }],
    ['moderation.deadline', /must be .*number/, { moderators, moderation: { deadline: '2s' } }],
    ['moderation.cache.entries', /at least 1/, { moderators, moderation: { cache: { entries: 0 } } }],
    ['moderation.cache', /must be/, { moderators, moderation: { cache: true } }],
    ['whenUnchecked', /must be/, { moderators, whenUnchecked: 'alow' }],
    ['whenUnchecked.failed', /must be "block" or "allow"/, { moderators, whenUnchecked: { failed: 'reject' } }],
    ['input.toolOutput', /must be "block" or "replace"/, { moderators, input: { toolOutput: 'replaced' } }],
    ['input.toolOutput', /fallback does not wait/, { moderators, input: { toolOutput: 'replace', fallback: log() } }],
    ['captureContent', /must be "none" or "hash" or "full"/, { moderators, captureContent: 'all' }],
    ['message', /must be/, { moderators, message: 5 }],
    ['shadow', /must be/, { moderators, shadow: 'strict' }],
    ['shadow.categories.nonsense', /is not a category/, { moderators, shadow: { categories: { nonsense: 0.5 } } }],
    ['enabled', /must be/, { moderators, enabled: 'no' }],
    ['policy.locked[1]', /is not a category/, { moderators, policy: { locked: ['*', 'nonsense'] } }],
    ['waitUntil', /must be a function/, { moderators, waitUntil: true }],
    ['helpLines', /must be/, { moderators, helpLines: 988 }],
    ['options', /must be .*object/, null],
    ['options', /must be .*object/, undefined],
  ])('%s %s', (path, said, options) => {
    const mistake = mistakeIn(() => create(options));
    expect(mistake.path).toBe(path);
    expect(mistake.message).toMatch(said);
    expectSentence(mistake);
  });
});

test('What leaves at once cannot be generated again: a fallback that retries is refused beside it', () => {
  const mistake = mistakeIn(() => create({ moderators, output: { release: 'immediate', fallback: retry() } }));
  expect(mistake.path).toBe('output.release');
  expect(mistake.message).toMatch(/use 'verified'/);
  expectSentence(mistake);
});

describe('A mistake in a fallback is refused where it is made', () => {
  test.each<readonly [path: string, make: () => unknown]>([
    ['retry.maxRetries', () => retry({ maxRetries: 6 })],
    ['retry.maxRetries', () => retry({ maxRetries: -1 })],
    ['retry.maxRetries', () => retry({ maxRetries: 1.5 })],
    ['retry.maxRetries', () => retry({ maxRetries: Number.NaN })],
    ['retry.maxRetry', () => retry({ maxRetry: 2 } as object)],
    ['retry.otherwise', () => retry({ otherwise: 'reject' } as object)],
    ['retry.otherwise', () => retry({ otherwise: retry() })],
    [
      'retry.otherwise',
      () => retry({ otherwise: { waits: true, retries: 1, answer: () => ({ kind: 'retry', feedback: 'again' }) } }),
    ],
    ['retry.feedback', () => retry({ feedback: 'Again' } as object)],
    ['reject.mesage', () => reject({ mesage: 'No' } as object)],
    ['reject.message', () => reject({ message: 5 } as object)],
    ['log.loger', () => log({ loger: console } as object)],
    ['log.logger', () => log({ logger: {} } as object)],
  ])('%s', (path, make) => {
    const mistake = mistakeIn(make);
    expect(mistake.path).toBe(path);
    expectSentence(mistake);
  });
});

describe('A mistake in a call is told to who made it', () => {
  const first = (decisions: AsyncIterable<unknown>): Promise<unknown> => decisions[Symbol.asyncIterator]().next();
  const guard = createGuard({ moderators });
  test.each<readonly [path: string, make: () => Promise<unknown>]>([
    ['check.stage', () => guard.check('fine', { stage: 'outptu' } as object)],
    ['checkMany.concurrency', () => first(guard.checkMany(['fine'], { concurrency: 0 }))],
    ['check.stage', () => first(guard.checkMany(['fine'], { stage: 'outptu' } as object))],
  ])('%s', async (path, make) => {
    const mistake: unknown = await (async () => make())().catch((error: unknown) => error);
    expect(isConfigurationError(mistake) && mistake.path).toBe(path);
  });
});

describe('A context that is none is told to who gave it, by every call', () => {
  const words: Moderator = scripted<string>();
  const policy = vi.fn<() => object>(() => ({}));
  const generate = vi.fn<() => never>(() => expect.unreachable());
  const guard = createGuard({ moderators: [words], policy });
  const messages = [{ role: 'user', content: 'fine' }];
  const CALLS: Readonly<Record<string, (context: CallContext) => unknown>> = {
    with: (context) => guard.with(context),
    explain: (context) => guard.explain(context),
    check: (context) => guard.check('fine', { context }),
    checkMany: (context) => guard.checkMany(['fine'], { context })[Symbol.asyncIterator]().next(),
    reply: (context) => guard.reply(protocol, chat('fine'), generate, { context }),
    stream: (context) => guard.stream(protocol, chat('fine'), generate, { context }),
    wrap: (context) => guard.wrap(generate)(messages, { context }),
  };
  describe.each<readonly [string, path: string, context: unknown]>([
    ['a promise', 'context', Promise.resolve({ tenant: 'a' })],
    ['an array', 'context', ['a']],
    ['a text', 'context', 'a'],
    ['null', 'context', null],
    ['one with a number', 'context.user', { tenant: 'a', user: 5 }],
    ['one with a promise', 'context.tenant', { tenant: Promise.resolve('a') }],
    ['one with null', 'context.locale', { locale: null }],
  ])('%s', (_, path, context) => {
    test.each(Object.entries(CALLS))('%s', async (__, call) => {
      const told: unknown = await (async () => call(context as CallContext))().catch((error: unknown) => error);
      if (!isConfigurationError(told)) expect.fail(String(told));
      expect(told.path).toBe(path);
      expectSentence(told);
      expect(policy).not.toHaveBeenCalled();
      expect(generate).not.toHaveBeenCalled();
    });
  });

  test('What is left out of one is nothing wrong', async () => {
    const { tenant } = {} as { tenant?: string };
    await expect(createGuard({ moderators }).check('fine', { context: { tenant } as object })).resolves.toMatchObject({
      action: 'allow',
    });
  });
});

test('A configuration error is recognised, and nothing else is', () => {
  expect(isConfigurationError(new ConfigurationError('a', 'b'))).toBe(true);
  expect(isConfigurationError(new Error('a b'))).toBe(false);
  expect(isConfigurationError({ name: 'ConfigurationError', path: 'a' })).toBe(false);
});
