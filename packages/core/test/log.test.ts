import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { failed, flag, log, reject, type GuardOptions, type Policy } from '../src/index.ts';
import { ask, collect, FORMS, model, texts, watch, within, type Watched } from './support/guards.ts';
import { hang, latch, scripted } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, type Chunk } from './support/protocol.ts';

let warn: MockInstance<typeof console.warn>;
let complain: MockInstance<typeof console.error>;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockReturnValue();
  complain = vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => {
  warn.mockRestore();
  complain.mockRestore();
});

test('A reply is the very object that the model gave, and so is the request that it got', async () => {
  const guard = watch({ moderators: [scripted()], fallback: log() });
  const given = reply('zorp');
  const request = chat('zorp');
  const generated = model(given);
  const came = await ask('reply', guard, request, generated);
  expect(came.reply).toBe(given);
  expect(generated.generations[0]?.request).toBe(request);
});

test('The chunks of a stream are the very objects that the model gave, and each leaves at once', async () => {
  const guard = watch({ moderators: [scripted()], fallback: log() });
  const chunks = chunksOf(reply('zorp zorp zorp'));
  const gates = chunks.map(() => latch());
  async function* slow(): AsyncGenerator<Chunk> {
    for (const [index, chunk] of chunks.entries()) {
      await gates[index]?.promise;
      yield chunk;
    }
  }
  const { stream } = await guard.stream(protocol, chat('hello'), async () => slow());
  const reader = stream[Symbol.asyncIterator]();
  for (const [index, chunk] of chunks.entries()) {
    gates[index]?.resolve();
    const { value } = await within(200, reader.next());
    expect(value).toBe(chunk);
  }
  expect(await reader.next()).toMatchObject({ done: true });
  await guard.idle();
});

describe.each(FORMS)('As a %s', (form) => {
  test('nothing waits for a moderator that hangs; settled comes after it, with both decisions', async () => {
    const guard = watch({ moderators: [scripted({ script: hang })], fallback: log(), moderation: { deadline: 150 } });
    const got: Promise<unknown> =
      form === 'reply'
        ? guard.reply(protocol, chat('hello'), async () => reply('fine')).then(() => {})
        : guard
            .stream(protocol, chat('hello'), async () => oneByOne(chunksOf(reply('fine'))))
            .then(({ stream }) => collect(stream));
    await within(100, got);
    expect(guard.told.settled).toEqual([]);
    await guard.idle();
    expect(guard.told.settled).toMatchObject([
      {
        delivery: 'delivered',
        input: { unchecked: [{ reason: 'failed' }] },
        output: { unchecked: [{ reason: 'failed' }] },
      },
    ]);
  });

  test('events and one line for each would-be block say what would have happened, without a word of content', async () => {
    const guard = watch({ moderators: [scripted()], fallback: log() });
    const came = await ask(form, guard, chat('a canary zorp'), model(reply('canary blarg')));
    expect(came).toMatchObject({ delivery: 'delivered', input: { action: 'block' }, output: { action: 'block' } });
    expect(texts(came.reply)).toEqual(['canary blarg']);
    expect(guard.told.flagged.map(({ decision }) => decision.stage).toSorted()).toEqual(['input', 'output']);
    const lines = warn.mock.calls.flat().map(String);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(
      /input would be blocked: zorp \(words\)[^]*output would be blocked: blarg \(words\)/,
    );
    expect(lines.join('\n')).not.toMatch(/canary/);
    expect(JSON.stringify(guard.told)).not.toMatch(/canary/);
  });

  test('a score is told with two decimals', async () => {
    const guard = watch({
      moderators: [scripted({ script: () => flag(['blarg'], { blarg: 0.8762187552 }) })],
      policy: { categories: { blarg: 0.5 } },
      fallback: log(),
    });
    await ask(form, guard, chat('hello'), model(reply('fine')));
    expect(warn.mock.calls[0]?.[0]).toMatch(/input would be blocked: blarg 0\.88 \(words\) \(dec_/);
  });

  test('what is clear, or a warning, leaves no line', async () => {
    const policy: Policy<'zorp' | 'blarg'> = { categories: { zorp: { warn: 'flag' } } };
    const guard = watch({ moderators: [scripted()], policy, fallback: log() });
    await ask(form, guard, chat('zorp'), model(reply('fine')));
    expect(warn).not.toHaveBeenCalled();
    expect(guard.told.flagged).toHaveLength(1);
  });

  test('a logger that throws hurts nobody', async () => {
    const logger = {
      warn: (): void => {
        throw new Error('disk full');
      },
    };
    const guard = watch({ moderators: [scripted()], fallback: log({ logger }) });
    const came = await ask(form, guard, chat('zorp'), model(reply('zorp')));
    expect(came).toMatchObject({ delivery: 'delivered', input: { action: 'block' } });
  });

  test('one stage may log and the other reject', async () => {
    const guard = watch({ moderators: [scripted()], input: { fallback: log() }, output: { fallback: reject() } });
    expect((await ask(form, guard, chat('zorp'), model(reply('fine')))).delivery).toBe('delivered');
    expect((await ask(form, guard, chat('hello'), model(reply('zorp')))).delivery).toBe('refused');
    const other = watch({ moderators: [scripted()], input: { fallback: reject() }, output: { fallback: log() } });
    expect((await ask(form, other, chat('zorp'), model(reply('fine')))).delivery).toBe('refused');
    expect((await ask(form, other, chat('hello'), model(reply('zorp')))).delivery).toBe('delivered');
  });

  test('an upstream error passes through', async () => {
    const guard = watch({ moderators: [scripted()], fallback: log() });
    const down = new Error('down');
    await expect(ask(form, guard, chat('hello'), model(down))).rejects.toBe(down);
    await guard.idle();
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored', input: { action: 'allow' } }]);
  });

  test('a policy function that is wrong is not wrong in silence', async () => {
    const guard = watch({
      moderators: [scripted()],
      fallback: log(),
      policy: (() => ({ categories: { zorb: 0.5 } })) as unknown as NonNullable<GuardOptions['policy']>,
    });
    const mistake: unknown = await ask(form, guard, chat('zorp'), model(reply('fine'))).then(
      () => undefined,
      (error: unknown) => error,
    );
    await guard.idle();
    const loud = [mistake, ...complain.mock.calls.flat(), ...warn.mock.calls.flat()].map(String).join('\n');
    expect(loud).toMatch(/policy\.categories\.zorb/);
  });
});

describe('A stream that does not come to its end is judged as far as it came', () => {
  const reason = new Error('enough');
  const reset = new Error('reset');
  const [first, ...rest] = chunksOf(reply('blarg, then zorp'), 8);

  test.each<readonly [string, string, (guard: Watched<'zorp' | 'blarg'>) => Promise<void>]>([
    [
      'its reader leaves',
      'aborted',
      async (guard) => {
        const { stream } = await guard.stream(protocol, chat('hello'), async () => upstream());
        for await (const chunk of stream) {
          expect(chunk).toBe(first);
          break;
        }
      },
    ],
    [
      'its upstream breaks',
      'errored',
      async (guard) => {
        const { stream } = await guard.stream(protocol, chat('hello'), async () => upstream(reset));
        await expect(collect(stream)).rejects.toBe(reset);
      },
    ],
    [
      'its caller aborts',
      'aborted',
      async (guard) => {
        const { signal, abort } = aborter();
        const { stream } = await guard.stream(protocol, chat('hello'), async () => upstream(), { signal });
        const reader = stream[Symbol.asyncIterator]();
        expect((await reader.next()).value).toBe(first);
        abort(reason);
        await expect(reader.next()).rejects.toBe(reason);
      },
    ],
    [
      'the reader of its wrapped pieces leaves',
      'aborted',
      async (guard) => {
        const wrapped = guard.wrap(() => oneByOne(['blarg, t', 'hen zorp']));
        for await (const piece of wrapped([{ role: 'user', content: 'hello' }])) {
          expect(piece).toBe('blarg, t');
          break;
        }
      },
    ],
  ])('when %s', async (_, delivery, run) => {
    const moderator = scripted({ delay: 2 });
    const guard = watch({ moderators: [moderator], fallback: log() });
    await run(guard);
    await guard.idle();
    expect(guard.told.flagged).toMatchObject([{ decision: { stage: 'output', findings: [{ category: 'blarg' }] } }]);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/output would be blocked: blarg \(words\)/)]]);
    expect(guard.told.settled).toMatchObject([
      { delivery, attempts: 1, input: { action: 'allow' }, output: { action: 'block' } },
    ]);
    expect(moderator.texts()).toEqual(['hello', 'blarg, t']);
  });

  async function* upstream(end?: Error): AsyncGenerator<Chunk> {
    if (first) yield first;
    if (end) throw end;
    await Promise.resolve();
    yield* rest;
  }

  test('and is not where nothing of it came', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator], fallback: log() });
    const { stream } = await guard.stream(protocol, chat('hello'), async () => upstream());
    await stream[Symbol.asyncIterator]().return?.();
    await guard.idle();
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted', input: { action: 'allow' } }]);
    expect(guard.told.settled[0]).not.toHaveProperty('output');
  });
});

describe('A caller who aborts does not end what nobody waits for', () => {
  test('after a reply was delivered: both decisions are made and told', async () => {
    const { signal, abort } = aborter();
    const guard = watch({ moderators: [scripted({ delay: 5 })], fallback: log() });
    const { delivery } = await guard.reply(protocol, chat('zorp'), async () => reply('blarg'), { signal });
    abort(new Error('enough'));
    await guard.idle();
    expect(delivery).toBe('delivered');
    expect(guard.told.settled).toMatchObject([
      { delivery: 'delivered', input: { action: 'block' }, output: { action: 'block' } },
    ]);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  test('after a stream was read: both decisions are made and told', async () => {
    const { signal, abort } = aborter();
    const guard = watch({ moderators: [scripted({ delay: 5 })], fallback: log() });
    const generate = async (): Promise<AsyncIterable<Chunk>> => oneByOne(chunksOf(reply('blarg')));
    const { stream } = await guard.stream(protocol, chat('zorp'), generate, { signal });
    await collect(stream);
    abort(new Error('enough'));
    await guard.idle();
    expect(guard.told.settled).toMatchObject([
      { delivery: 'delivered', input: { action: 'block' }, output: { action: 'block' } },
    ]);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  test.each(FORMS)('while a %s is generated: the input is judged all the same', async (form) => {
    const { signal, abort } = aborter();
    const reason = new Error('enough');
    const guard = watch({ moderators: [scripted({ delay: 10 })], fallback: log() });
    const running = ask(form, guard, chat('zorp'), model(hang), { signal });
    setTimeout(() => abort(reason), 2);
    await expect(within(300, running)).rejects.toBe(reason);
    await guard.idle();
    expect(guard.told.flagged).toMatchObject([{ decision: { stage: 'input' } }]);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted', input: { action: 'block' } }]);
  });
});

function aborter(): { readonly signal: AbortSignal; abort(reason: Error): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}

test('What could not be checked has its line, and raises no flagged', async () => {
  const guard = watch({ moderators: [scripted({ script: () => failed('quota') })], fallback: log() });
  await ask('reply', guard, chat('hello'), model(reply('fine')));
  expect(warn.mock.calls.flat().map(String).join('\n')).toMatch(/unchecked: failed \(words\)/);
  expect(guard.told.flagged).toEqual([]);
});

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
