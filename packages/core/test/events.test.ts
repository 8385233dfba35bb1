import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { createGuard, failed, retry, type Events, type Guard, type Item } from '../src/index.ts';
import { ask, FORMS, model, texts, watch } from './support/guards.ts';
import { findWords, scripted, sleep, vandalise } from './support/moderators.ts';
import { chat, reply } from './support/protocol.ts';

let complain: MockInstance<typeof console.error>;
beforeEach(() => {
  complain = vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => {
  complain.mockRestore();
});

const EVENTS = ['flagged', 'retried', 'settled', 'moderator-failed', 'model-changed'] as const;

describe('A listener', () => {
  test('hears each event until it is stopped, by what `on` gave or by `off`', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const [one, other, again]: number[][] = [[], [], []];
    const listener = (): unknown => other?.push(1);
    const stop = guard.on('settled', () => one?.push(1));
    guard.on('settled', listener);
    guard.on('settled', () => again?.push(1));
    await guard.check('a');
    stop();
    guard.off('settled', listener);
    await guard.check('b');
    stop();
    guard.off('settled', listener);
    expect([one?.length, other?.length, again?.length]).toEqual([1, 1, 2]);
  });

  test('that listens twice is stopped once by what `on` gave, and altogether by `off`', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const listener = vi.fn<() => void>();
    const stop = guard.on('settled', listener);
    guard.on('settled', listener);
    stop();
    await guard.check('a');
    expect(listener).toHaveBeenCalledTimes(1);
    guard.on('settled', listener);
    guard.off('settled', listener);
    await guard.check('b');
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('that came and went a thousand times hears each event once', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const listener = vi.fn<() => void>();
    for (let round = 0; round < 1_000; round++) {
      guard.on('settled', listener)();
      guard.on('settled', listener);
      guard.off('settled', listener);
      guard.once('settled', listener)();
      guard.once('settled', listener);
      guard.off('settled', listener);
    }
    await guard.check('a');
    expect(listener).not.toHaveBeenCalled();
    guard.on('settled', listener);
    await guard.check('b');
    expect(listener).toHaveBeenCalledTimes(1);
    guard.off('settled', listener);
    await guard.check('c');
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('that is taken off one event still hears the others, and can be taken off them', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const listener = vi.fn<() => void>();
    guard.on('settled', listener);
    const stop = guard.on('flagged', listener);
    guard.off('settled', listener);
    await guard.check('zorp');
    expect(listener).toHaveBeenCalledTimes(1);
    guard.on('settled', listener);
    stop();
    await guard.check('zorp');
    expect(listener).toHaveBeenCalledTimes(2);
    guard.on('flagged', listener);
    guard.off('settled', listener);
    guard.off('flagged', listener);
    await guard.check('zorp');
    expect(listener).toHaveBeenCalledTimes(2);
  });

  test('of `once` hears the next event only', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const listener = vi.fn<() => void>();
    guard.once('settled', listener);
    await Promise.all([guard.check('a'), guard.check('b')]);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('of `once` can be taken off before it hears anything', async () => {
    const guard = createGuard({ moderators: [scripted()] });
    const [one, other] = [vi.fn<() => void>(), vi.fn<() => void>()];
    guard.once('settled', one)();
    guard.once('settled', other);
    guard.off('settled', other);
    await guard.check('a');
    expect(one).not.toHaveBeenCalled();
    expect(other).not.toHaveBeenCalled();
  });

  test('hears the calls of every `with`', async () => {
    const guard = watch({ moderators: [scripted()] });
    await guard
      .with({ user: 'u' })
      .with({ tenant: 't' })
      .check('zorp', { context: { requestId: 'r', user: 'v' } });
    await guard.check('fine');
    expect(guard.told.settled.map(({ context }) => context)).toEqual([{ user: 'v', tenant: 't', requestId: 'r' }, {}]);
    expect(guard.told.flagged[0]?.context).toEqual({ user: 'v', tenant: 't', requestId: 'r' });
  });
});

describe.each(FORMS)('As a %s', (form) => {
  const run = async (sabotage: (guard: Guard<'zorp' | 'blarg'>) => void): Promise<unknown> => {
    const guard = watch({ moderators: [scripted()], output: { fallback: retry() } });
    const later: string[] = [];
    sabotage(guard);
    guard.on('settled', ({ delivery, output }) =>
      later.push(`${delivery} ${output?.action} ${output?.findings.length}`),
    );
    const came = [
      await ask(form, guard, chat('hello'), model(reply('zorp'), reply('zorp again', 'fine'))),
      await ask(form, guard, chat('zorp'), model(reply('fine'))),
      await ask(form, guard, chat('hello'), model(reply('fine'))),
    ];
    await guard.idle();
    await sleep(3); // those that fail late complain while the console is watched
    return {
      later,
      came: came.map((each) => [each.delivery, texts(each.reply), each.input?.action, each.output?.action]),
      settled: guard.told.settled.length,
    };
  };

  test.each<readonly [string, (event: Events[keyof Events]) => unknown]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['rejects late', () => sleep(1).then(fail)],
    [
      'gives a thenable that rejects',
      () => thenable({ value: (_: unknown, reject: (error: Error) => void) => reject(new Error('no')) }),
    ],
    ['gives a thenable that throws', () => thenable({ get: fail })],
    ['never ends', () => new Promise(() => {})],
    ['changes all that it is shown', vandalise],
  ])('a listener that %s changes nothing and stops no other', async (_, listener) => {
    const undisturbed = await run(() => {});
    const disturbed = await run((guard) => {
      for (const event of EVENTS) guard.on(event, listener);
    });
    expect(disturbed).toEqual(undisturbed);
  });

  test('a listener cannot let out what could not be checked beside what was flagged', async () => {
    const script = (item: Item): unknown => (item.segment.text === 'glim' ? failed('refused') : findWords(item));
    const guard = watch({ moderators: [scripted({ script })] });
    guard.on('flagged', vandalise);
    const came = await ask(form, guard, chat('hello'), model(reply('glim', 'zorp', 'fine')));
    expect(new Set(texts(came.reply))).toEqual(new Set(['fine', guard.told.settled[0]?.output?.message]));
    expect(JSON.stringify(came.reply)).not.toMatch(/glim|zorp/);
  });

  test('a block is told before the caller has the refusal, and once', async () => {
    const guard = watch({ moderators: [scripted()] });
    const order: string[] = [];
    guard.on('flagged', () => order.push('flagged'));
    guard.on('settled', () => order.push('settled'));
    await ask(form, guard, chat('zorp'), model(reply('fine')));
    expect(order).toEqual(['flagged', 'settled']);
  });

  test('settled carries both decisions, the attempts and the usage', async () => {
    const guard = watch({ moderators: [scripted()] });
    const came = await ask(
      form,
      guard,
      chat('hello'),
      model({ ...reply('fine'), usage: { inputTokens: 1, outputTokens: 2 } }),
    );
    expect(guard.told.settled).toEqual([
      {
        call: form,
        delivery: 'delivered',
        input: came.input,
        output: came.output,
        attempts: 1,
        usage: { inputTokens: 1, outputTokens: 2, unknown: 0 },
        context: {},
      },
    ]);
  });
});

describe('A verdict that is remembered', () => {
  test('cannot be changed by a listener who got it', async () => {
    const moderator = scripted({ script: () => ({ status: 'clear', flagged: [], scores: { zorp: 0.9 } }) });
    const guard = watch({ moderators: [moderator], policy: { categories: { zorp: 0.5 } } });
    for (const event of EVENTS) guard.on(event, vandalise);
    vandalise(await guard.check('hello'));
    const again = await guard.check('hello');
    expect(again).toMatchObject({ action: 'block', findings: [{ category: 'zorp', score: 0.9 }] });
    expect(moderator.requests).toHaveLength(1);
  });
});

test('The context of a guard cannot be changed by a listener who got it, nor by who gave it', async () => {
  const given = { tenant: 'mild' };
  const guard = watch({
    moderators: [scripted()],
    policy: ({ tenant }) => (tenant === 'mild' ? { categories: { zorp: 'ignore' } } : {}),
  });
  const mild = guard.with(given);
  guard.on('settled', ({ context }) => vandalise(context));
  await mild.check('zorp');
  given.tenant = 'stern';
  expect((await mild.check('zorp')).action).toBe('allow');
});

test('A listener that fails is named on the console, without what it said', async () => {
  const guard = watch({ moderators: [scripted()] });
  guard.on('settled', () => {
    throw new TypeError('canary');
  });
  await guard.check('fine');
  expect(complain.mock.calls).toEqual([[expect.stringMatching(/listener.*settled.*TypeError/)]]);
  expect(JSON.stringify(complain.mock.calls)).not.toMatch(/canary/);
});

test('idle() resolves at once where nothing runs', async () => {
  await createGuard({ moderators: [scripted()] }).idle();
});

/** Somebody else's promise. */
function thenable(then: PropertyDescriptor): object {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
  return Object.defineProperty({}, 'then', then);
}

function fail(): never {
  throw new Error('no');
}
