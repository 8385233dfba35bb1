import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  clear,
  createGuard,
  isContentError,
  type Content,
  type Guard,
  type Item,
  type Moderator,
} from '../src/index.ts';
import { collect, watch, within } from './support/guards.ts';
import { hang, nothing, scripted, sleep } from './support/moderators.ts';

describe('What can be checked', () => {
  const image = new URL('https://example.test/a.png');
  const seen = async (content: Content, stage: 'input' | 'output' = 'input'): Promise<readonly Item[]> => {
    const moderator = scripted({ kinds: ['text', 'reasoning', 'tool-output', 'image'], script: nothing });
    await watch({ moderators: [moderator] }).check(content, { stage });
    return moderator.requests.flatMap(({ items }) => items);
  };

  test('a text: of the user at the input, of the assistant at the output', async () => {
    const segment = { kind: 'text', path: 'content', text: 'hello' };
    expect(await seen('hello')).toEqual([{ stage: 'input', segment: { ...segment, role: 'user' } }]);
    expect(await seen('hello', 'output')).toEqual([{ stage: 'output', segment: { ...segment, role: 'assistant' } }]);
  });

  test('an image, by address or bytes', async () => {
    expect(await seen(image)).toMatchObject([{ segment: { kind: 'image', image } }]);
    const bytes = new Uint8Array([1, 2]);
    expect(await seen(bytes)).toMatchObject([{ segment: { kind: 'image', image: bytes } }]);
  });

  test('segments, whoever wrote them', async () => {
    expect(
      await seen([
        { kind: 'text', role: 'system', path: 'a', text: 'one' },
        { kind: 'reasoning', role: 'assistant', path: 'b', text: 'two' },
      ]),
    ).toMatchObject([
      { stage: 'input', segment: { path: 'a', text: 'one' } },
      { stage: 'input', segment: { path: 'b', text: 'two' } },
    ]);
  });

  test('messages with parts', async () => {
    expect(
      await seen([
        { role: 'system', content: 'not mine' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image', image: image.href },
          ],
        },
        { role: 'function', content: 'result' },
      ]),
    ).toMatchObject([
      { segment: { path: 'content[1].content[0]', text: 'look', role: 'user' } },
      { segment: { path: 'content[1].content[1]', image } },
      { segment: { path: 'content[2].content', kind: 'tool-output', role: 'tool' } },
    ]);
  });

  test('a role that nobody knows counts as a user', async () => {
    expect(await seen([{ role: 'zorpist', content: 'hello' }])).toMatchObject([{ segment: { role: 'user' } }]);
  });

  test.each<readonly [string, Content]>([
    ['an empty text', ''],
    ['no segments', []],
    ['a message without content', [{ role: 'user', content: [] }]],
    ['an empty message', [{ role: 'user', content: '' }]],
  ])('%s: nothing to judge, nothing found, nothing unchecked', async (_, content) => {
    const moderator = scripted();
    expect(await watch({ moderators: [moderator] }).check(content)).toMatchObject({
      action: 'allow',
      findings: [],
      unchecked: [],
      message: '',
    });
    expect(moderator.requests).toEqual([]);
  });

  test.each<readonly [string, string]>([
    ['a megabyte', `${'a'.repeat(1024 * 1024 - 5)} zorp`],
    ['lone surrogates', '\uD83D zorp \uDC00'],
    ['nulls and control characters', '\0zorp\u0007'],
    ['right-to-left marks', '\u202Ezorp\u202C'],
  ])('%s arrives as it is', async (_, text) => {
    const moderator = scripted();
    expect((await watch({ moderators: [moderator], captureContent: 'hash' }).check(text)).action).toBe('block');
    expect(moderator.texts()).toEqual([text]);
  });
});

describe('What is no content', () => {
  test.each<readonly [path: string, content: unknown]>([
    ['content', undefined],
    ['content', null],
    ['content', 5],
    ['content', {}],
    ['content[0]', [null]],
    ['content[0].kind', [{ kind: 'poem', role: 'user', text: 'a' }]],
    ['content[0].role', [{ kind: 'text', role: 'bard', text: 'a' }]],
    ['content[0].text', [{ kind: 'text', role: 'user', text: 5 }]],
    ['content[0].content', [{ role: 'user', content: 5 }]],
    ['content[0].role', [{ content: 'a' }]],
    ['content[0].content[0].type', [{ role: 'user', content: [{ type: 'poem' }] }]],
    ['content[0].content[0].image', [{ role: 'user', content: [{ type: 'image', image: 'no address' }] }]],
    ['content[1]', [{ role: 'user', content: 'a' }, 'b']],
  ])('is an error that names %s, and settles', async (path, content) => {
    const guard = watch({ moderators: [scripted()] });
    const mistake: unknown = await guard.check(content as Content).catch((error: unknown) => error);
    if (!isContentError(mistake)) expect.fail(String(mistake));
    expect(mistake.path.startsWith(path), String(mistake)).toBe(true);
    expect(mistake.message).toMatch(/ (must be|is) [\w"{].*\.$/);
    expect(guard.told.settled).toMatchObject([{ call: 'check', delivery: 'errored' }]);
  });
});

test('A decision is frozen, has an id of its own, and carries the verdicts', async () => {
  const guard = watch({ moderators: [scripted()] });
  const [one, other] = [await guard.check('zorp'), await guard.check('zorp')];
  expect(one.id).not.toBe(other.id);
  expect(Object.isFrozen(one)).toBe(true);
  expect(one.verdicts).toMatchObject([{ status: 'flagged', moderator: 'words', flagged: ['zorp'], path: 'content' }]);
});

test('A check is settled as delivered, whatever it found, and asks no fallback', async () => {
  const guard = watch({
    moderators: [scripted()],
    fallback: { waits: true, retries: 0, answer: () => expect.unreachable() },
  }).with({ user: 'u' });
  const decision = await guard.check('zorp', { context: { tenant: 't' } });
  expect(guard.told.settled).toEqual([
    { call: 'check', delivery: 'delivered', input: decision, attempts: 0, context: { user: 'u', tenant: 't' } },
  ]);
  expect(guard.told.flagged).toMatchObject([{ source: 'guard', decision, context: { user: 'u', tenant: 't' } }]);
});

test('The output stage has its own moderators and rules', async () => {
  const guard = watch({
    moderators: { input: [scripted({ name: 'in', script: nothing })], output: [scripted({ name: 'out' })] },
  });
  expect((await guard.check('zorp')).action).toBe('allow');
  expect(await guard.check('zorp', { stage: 'output' })).toMatchObject({ action: 'block', stage: 'output' });
});

describe('Many contents', () => {
  test('come in their order, whichever is judged first', async () => {
    const moderator = scripted({
      script: async ({ segment: { text = '' } }) => {
        await sleep(Number(text));
        return clear();
      },
    });
    const guard = watch({ moderators: [moderator] });
    const given = ['20', '1', '10', '2'];
    const decisions = await collect(guard.checkMany(given));
    const byId = new Map(guard.told.settled.map(({ input }) => [input?.id, input]));
    expect(decisions).toHaveLength(4);
    expect(new Set(decisions.map(({ id }) => id)).size).toBe(4);
    for (const { id } of decisions) expect(byId.has(id)).toBe(true);
    expect(moderator.texts()).toEqual(given);
  });

  test('of which some are flagged say which', async () => {
    const guard = watch({ moderators: [scripted({ delay: 1 })] });
    const given = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? `zorp ${index}` : `fine ${index}`));
    const actions = (await collect(guard.checkMany(given, { concurrency: 4 }))).map(({ action }) => action);
    expect(actions).toEqual(given.map((text) => (text.startsWith('zorp') ? 'block' : 'allow')));
  });

  test('are never more than `concurrency` at a time', async () => {
    let [now, most] = [0, 0];
    const script = async (): Promise<unknown> => {
      most = Math.max(most, ++now);
      await sleep(1);
      now--;
      return clear();
    };
    const guard = watch({ moderators: [scripted({ script })] });
    await collect(guard.checkMany(Array.from({ length: 30 }, String), { concurrency: 5 }));
    await collect(
      guard.checkMany(
        Array.from({ length: 30 }, (_, index) => `b${index}`),
        { concurrency: 3 },
      ),
    );
    expect(most).toBeLessThanOrEqual(5);
    expect(most).toBeGreaterThan(1);
  });

  test('go out together where the moderator takes batches', async () => {
    const moderator = scripted({ batch: { items: 8, characters: 1_000 } });
    await collect(watch({ moderators: [moderator] }).checkMany(Array.from({ length: 16 }, (_, index) => `n${index}`)));
    expect(moderator.requests.map(({ items }) => items.length)).toEqual([8, 8]);
  });

  test('of which one is no content: that one is unchecked, and no other is hurt', async () => {
    const guard = watch({ moderators: [scripted()] });
    const decisions = await collect(guard.checkMany(['fine', 5 as unknown as Content, 'zorp']));
    expect(decisions.map(({ action, unchecked }) => [action, unchecked.length])).toEqual([
      ['allow', 0],
      ['block', 1],
      ['block', 0],
    ]);
  });

  test('that arrive one by one are judged as they come', async () => {
    const guard = watch({ moderators: [scripted()] });
    async function* source(): AsyncGenerator<string> {
      yield 'zorp';
      await sleep(5);
      yield 'fine';
    }
    expect((await collect(guard.checkMany(source()))).map(({ action }) => action)).toEqual(['block', 'allow']);
  });

  test('whose source fails fail with it', async () => {
    const guard = watch({ moderators: [scripted()] });
    const broken = new Error('no more');
    async function* source(): AsyncGenerator<string> {
      yield 'fine';
      throw broken;
    }
    await expect(collect(guard.checkMany(source()))).rejects.toBe(broken);
  });

  test('whose source throws, at once or later, give the decisions on what came before', async () => {
    const broken = new Error('no more');
    function* atOnce(): Generator<string> {
      yield 'zorp';
      yield 'fine';
      throw broken;
    }
    async function* later(): AsyncGenerator<string> {
      yield* atOnce();
    }
    for (const source of [atOnce, later])
      for (const concurrency of [1, 2, 16]) {
        const guard = watch({ moderators: [scripted({ delay: 1 })] });
        const actions: string[] = [];
        const read = async (): Promise<void> => {
          for await (const { action } of guard.checkMany(source(), { concurrency })) actions.push(action);
        };
        await expect(within(300, read())).rejects.toBe(broken);
        expect(actions).toEqual(['block', 'allow']);
      }
  });

  /** A source that gives one content and then waits for ever. */
  async function* waiting(): AsyncGenerator<string> {
    yield 'fine';
    await hang();
  }

  test('can be left while the source is still waiting', async () => {
    const guard = watch({ moderators: [scripted()] });
    const leave = async (): Promise<void> => {
      for await (const decision of guard.checkMany(waiting())) {
        expect(decision.action).toBe('allow');
        break;
      }
    };
    await within(300, leave());
  });

  test('can be aborted while the source is still waiting', async () => {
    const guard = watch({ moderators: [scripted()] });
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = collect(guard.checkMany(waiting(), { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 5);
    await expect(within(300, running)).rejects.toBe(reason);
  });

  test('that are aborted end with the reason, and what was begun is stopped', async () => {
    const moderator = scripted({ script: hang });
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = within(300, collect(guard.checkMany(['a', 'b', 'c'], { signal: controller.signal })));
    setTimeout(() => controller.abort(reason), 5);
    await expect(running).rejects.toBe(reason);
    await sleep(1);
    expect(moderator.requests.map(({ options }) => options.signal.aborted)).toEqual([true, true, true]);
    expect(guard.told.settled).toMatchObject(Array.from({ length: 3 }, () => ({ delivery: 'aborted' })));
  });
});

describe('The signal of the caller is left with no listener', () => {
  const unreadable = {
    [Symbol.iterator]: (): never => {
      throw new Error('no');
    },
  };
  function* broken(): Generator<string> {
    yield 'fine';
    throw new Error('no more');
  }
  type Run = (guard: Guard, signal: AbortSignal) => Promise<unknown>;
  test.each<readonly [string, Run]>([
    ['a check', (guard, signal) => guard.check('zorp', { signal })],
    ['a check of what is no content', (guard, signal) => guard.check(5 as unknown as Content, { signal })],
    ['a check of a wrong stage', (guard, signal) => guard.check('fine', { signal, stage: 'outptu' } as object)],
    ['many that were all read', (guard, signal) => collect(guard.checkMany(['a', 'zorp', 'c'], { signal }))],
    ['none at all', (guard, signal) => collect(guard.checkMany([], { signal }))],
    [
      'many that were left after the first',
      async (guard, signal) => {
        for await (const decision of guard.checkMany(['a', 'b', 'c'], { signal })) return decision;
        return expect.unreachable();
      },
    ],
    [
      'many that were left before the first',
      async (guard, signal) => guard.checkMany(['a'], { signal })[Symbol.asyncIterator]().return?.(),
    ],
    ['many whose source throws', (guard, signal) => collect(guard.checkMany(broken(), { signal }))],
    ['many whose source cannot be read at all', (guard, signal) => collect(guard.checkMany(unreadable, { signal }))],
    [
      'many of a wrong stage',
      async (guard, signal) => collect(guard.checkMany(['a'], { signal, stage: 'outptu' } as object)),
    ],
    [
      'many of a policy that fails',
      (guard, signal) => collect(guard.checkMany(['a', 'b'], { signal, context: { tenant: 'bad' } })),
    ],
    [
      'many of a wrong context',
      async (guard, signal) => collect(guard.checkMany(['a', 'b'], { signal, context: { tenant: 5 } } as object)),
    ],
  ])('after %s', async (_, run) => {
    const guard = createGuard<Moderator>({
      moderators: [scripted<string>({ delay: 1 })],
      policy: ({ tenant }) => ({ categories: { '*': tenant === 'bad' ? 75 : 'flag' } }),
    });
    const { signal } = new AbortController();
    await run(guard, signal).catch(() => {});
    await guard.idle();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
