import { describe, expect, test } from 'vitest';
import { log, retry, type CallContext, type GuardOptions, type Moderator } from '../src/index.ts';
import { ask, collect, FORMS, iterate, model, texts, watch } from './support/guards.ts';
import { hang, latch, scripted } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, type Adapter } from './support/protocol.ts';

describe.each(FORMS)('A guard that is off, with a %s', (form) => {
  test('judges nothing and holds nothing; the call says that it was unguarded, and what nobody judged', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator], enabled: false, whenUnchecked: 'block', fallback: retry() });
    const came = await ask(form, guard, chat('a zorp'), model(reply('a zorp too')));
    expect(texts(came.reply)).toEqual(['a zorp too']);
    expect(moderator.requests).toEqual([]);
    expect(guard.told.settled).toMatchObject([
      {
        delivery: 'delivered',
        unguarded: true,
        attempts: 1,
        input: { action: 'allow', unchecked: [{ reason: 'unsupported' }] },
        output: { action: 'allow', unchecked: [{ reason: 'unsupported' }] },
      },
    ]);
    expect(guard.told.flagged).toEqual([]);
  });

  test('waits for no moderator that hangs, no policy that throws and no message that fails', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const guard = watch({ moderators: [scripted({ script: hang })], enabled: false, policy: broken, message: broken });
    const came = await ask(form, guard, chat('hello'), model(reply('a zorp')));
    expect(came.delivery).toBe('delivered');
  });

  test('is on again for those for whom the switch says so', async () => {
    const enabled = ({ tenant }: CallContext): boolean => tenant !== 'incident';
    const guard = watch({ moderators: [scripted()], enabled });
    const off = await ask(form, guard.with({ tenant: 'incident' }), chat('hi'), model(reply('a zorp')));
    const on = await ask(form, guard.with({ tenant: 'other' }), chat('hi'), model(reply('a zorp')));
    expect([off.delivery, on.delivery]).toEqual(['delivered', 'refused']);
    expect(guard.told.settled.map(({ unguarded }) => unguarded)).toEqual([true, undefined]);
  });

  test.each<[string, () => boolean]>([
    [
      'throws',
      () => {
        throw new Error('no switch');
      },
    ],
    ['gives nothing', () => undefined as unknown as boolean],
    ['gives a promise', () => Promise.resolve(false) as unknown as boolean],
  ])('stays on where the switch %s', async (_, enabled) => {
    const guard = watch({ moderators: [scripted()], enabled });
    expect((await ask(form, guard, chat('hi'), model(reply('a zorp')))).delivery).toBe('refused');
  });

  test('that is switched in the middle of traffic drops no call: each ends as it began', async () => {
    let isOn = true;
    const guard = watch({ moderators: [scripted({ delay: 2 })], enabled: () => isOn });
    const calls = Array.from({ length: 60 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index % 12));
      const began = isOn;
      const came = await ask(form, guard, chat(`hello ${index}`), model(reply(`a zorp ${index}`)));
      return { began, index, came };
    });
    const switching = setInterval(() => (isOn = !isOn), 3);
    const ended = await Promise.all(calls);
    clearInterval(switching);
    expect(new Set(ended.map(({ began }) => began))).toEqual(new Set([true, false]));
    for (const { began, index, came } of ended)
      expect(texts(came.reply)[0]).toEqual(began ? expect.not.stringContaining('zorp') : `a zorp ${index}`);
    await guard.idle();
    expect(guard.told.settled).toHaveLength(60);
    expect(guard.told.settled.filter(({ unguarded }) => unguarded)).toHaveLength(
      ended.filter(({ began }) => !began).length,
    );
  });
});

test('A stream that began guarded stays guarded when the guard is switched off under it', async () => {
  let isOn = true;
  const gate = latch();
  const guard = watch({ moderators: [scripted()], enabled: () => isOn });
  const { stream } = await guard.stream(protocol, chat('hello'), async () =>
    (async function* () {
      await gate.promise;
      yield* iterate(chunksOf(reply('a zorp')));
    })(),
  );
  isOn = false;
  gate.resolve();
  await collect(stream);
  expect(guard.told.settled).toMatchObject([{ delivery: 'refused' }]);
  expect(guard.told.settled[0]).not.toHaveProperty('unguarded');
});

test.each<[string, Partial<GuardOptions>]>([
  ['is off', { enabled: false }],
  ['only logs', { fallback: log({ logger: { warn: () => {} } }) }],
])(
  'A stream of which the reader has all is delivered, also where the end is not asked for: the guard %s',
  async (_, options) => {
    const guard = watch<Moderator>({ moderators: [scripted()], ...options });
    const chunks = chunksOf(reply('a lake'));
    let heard = 0;
    const adapter: Adapter = {
      ...protocol,
      openStream(request) {
        const reader = protocol.openStream(request);
        return { ...reader, read: (chunk) => (heard++, reader.read(chunk)), isComplete: () => heard === chunks.length };
      },
    };
    for (const most of [chunks.length, 1]) {
      heard = 0;
      const { stream } = await guard.stream(adapter, chat('hello'), async () => iterate(chunks));
      let taken = 0;
      for await (const _chunk of stream) if (++taken === most) break;
      await guard.idle();
    }
    expect(guard.told.settled.map(({ delivery }) => delivery)).toEqual(['delivered', 'aborted']);
  },
);

test('A check by a guard that is off counts as nothing that passed', async () => {
  const guard = watch({ moderators: [scripted()], enabled: false });
  const decision = await guard.check('a zorp');
  expect(decision).toMatchObject({ action: 'allow', unchecked: [{ path: 'content', reason: 'unsupported' }] });
  expect(guard.told.settled).toMatchObject([{ unguarded: true }]);
});

test('`explain` says that a guard is off', () => {
  const guard = watch({ moderators: [scripted()], enabled: ({ tenant }) => tenant !== 'one' });
  expect(guard.explain({ tenant: 'one' }).notes).toContain('the guard is off: nothing is judged');
  expect(guard.explain({ tenant: 'one' }).toString()).toContain('the guard is off');
  expect(guard.explain().notes).not.toContain('the guard is off: nothing is judged');
});

test('A wrapped function is called with whatever it was given, and gives whatever it gives, when the guard is off', async () => {
  const guard = watch({ moderators: [scripted()], enabled: false });
  const odd = [{ role: 'assistant', content: null }, { role: 'user' }] as never;
  const seen: unknown[] = [];
  const wrapped = guard.wrap(async (messages) => {
    seen.push(messages);
    return 7 as never;
  });
  expect(await wrapped(odd)).toBe(7);
  expect(seen).toEqual([odd]);
  await guard.idle();
  expect(guard.told.settled).toMatchObject([{ delivery: 'delivered', unguarded: true }]);
});

test('`explain` says that a guard is off, also where its policy function fails', () => {
  const guard = watch({
    moderators: [scripted()],
    enabled: false,
    policy: () => {
      throw new Error('down');
    },
  });
  expect(guard.explain().notes).toContain('the guard is off: nothing is judged');
});
