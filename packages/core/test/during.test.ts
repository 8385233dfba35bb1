import { describe, expect, test } from 'vitest';
import { clear, flag, type Moderator } from '../src/index.ts';
import { ask, FORMS, model, texts, watch, within, type Generation } from './support/guards.ts';
import { findWords, hang, latch, nothing, scripted, sleep, type Scripted } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, textOf, type Chunk } from './support/protocol.ts';

/** A guard whose input moderator answers when it is told to. */
function held(): { readonly moderator: Scripted<'zorp'>; readonly verdict: ReturnType<typeof latch<boolean>> } {
  const verdict = latch<boolean>();
  const script = async (): Promise<unknown> => ((await verdict.promise) ? flag(['zorp']) : clear());
  return { moderator: scripted({ categories: ['zorp'], script }), verdict };
}

const during = { timing: 'during' } as const;
const quiet = scripted({ name: 'quiet', script: nothing });

describe.each(FORMS)('As a %s', (form) => {
  test('the generation begins at once, and nothing leaves before the verdict', async () => {
    const { moderator, verdict } = held();
    const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
    const generated = model(reply('fine'));
    let isHere = false;
    const running = ask(form, guard, chat('hello'), generated).then((came) => {
      isHere = true;
      return came;
    });
    await sleep(10);
    expect(generated.generations).toHaveLength(1);
    expect(moderator.requests).toHaveLength(1);
    expect(isHere).toBe(false);
    verdict.resolve(false);
    expect(texts((await running).reply)).toEqual(['fine']);
  });

  test("with timing 'before' the generation waits for the verdict", async () => {
    const { moderator, verdict } = held();
    const guard = watch({ moderators: { input: [moderator], output: [quiet] } });
    const generated = model(reply('fine'));
    const running = ask(form, guard, chat('hello'), generated);
    await sleep(10);
    expect(generated.generations).toEqual([]);
    verdict.resolve(false);
    expect((await running).delivery).toBe('delivered');
  });

  test('a block cancels the generation at once, and its late result is let go', async () => {
    const { moderator, verdict } = held();
    const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
    const late = latch();
    let generation: Generation | undefined;
    const generated = model(async (given) => {
      generation = given;
      await late.promise;
      return reply('zorp came late');
    });
    const running = ask(form, guard, chat('hello'), generated);
    await sleep(5);
    expect(generation?.signal.aborted).toBe(false);
    verdict.resolve(true);
    const came = await within(200, running);
    expect(came).toMatchObject({ delivery: 'refused', attempts: 1, input: { action: 'block' } });
    expect(texts(came.reply)).toEqual([came.input?.message]);
    expect(generation?.signal.aborted).toBe(true);
    late.resolve();
    await sleep(5);
    expect(guard.told.settled).toHaveLength(1);
    expect(quiet.texts()).not.toContain('zorp came late');
  });

  test('an upstream error that comes first waits for the verdict, and a block wins', async () => {
    const { moderator, verdict } = held();
    const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
    const running = ask(form, guard, chat('hello'), model(new Error('down')));
    await sleep(5);
    expect(guard.told.settled).toEqual([]);
    verdict.resolve(true);
    expect(await running).toMatchObject({ delivery: 'refused', input: { action: 'block' } });
  });

  test('an upstream error is the callers once the input is clear', async () => {
    const { moderator, verdict } = held();
    const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
    const down = new Error('down');
    const running = ask(form, guard, chat('hello'), model(down));
    setTimeout(() => verdict.resolve(false), 5);
    await expect(running).rejects.toBe(down);
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored', input: { action: 'allow' } }]);
  });

  test("where the provider acts at once it waits like 'before'", async () => {
    const guard = watch({ moderators: [scripted({ delay: 5 })], input: during });
    const generated = model(reply('fine'));
    const request = { ...chat('zorp'), actsAtOnce: true };
    expect((await ask(form, guard, request, generated)).delivery).toBe('refused');
    expect(generated.generations).toEqual([]);
  });

  test('a request that cannot be read is not begun', async () => {
    const adapter = {
      ...protocol,
      readRequest: (): never => {
        throw new Error('no');
      },
    };
    const guard = watch({ moderators: [scripted()], input: during });
    const generated = model(reply('fine'));
    expect((await ask(form, guard, chat('hello'), generated, { adapter })).delivery).toBe('refused');
    expect(generated.generations).toEqual([]);
  });

  test('a blocked older turn never reaches the model', async () => {
    const moderators: readonly Moderator<'zorp' | 'blarg'>[] = [scripted({ script: findWords, delay: 5 })];
    const guard = watch({ moderators, input: during });
    const generated = model(reply('fine'));
    expect((await ask(form, guard, chat('zorp', 'zorp yes', 'go on'), generated)).delivery).toBe('delivered');
    expect(generated.generations.map(({ request }) => textOf(request))).toEqual(['[removed]\n[removed]\ngo on']);
  });
});

test('A stream that a block leaves unread is closed', async () => {
  const { moderator, verdict } = held();
  const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
  const closed = latch();
  async function* source(): AsyncGenerator<Chunk> {
    yield* chunksOf(reply('fine'));
    await hang();
  }
  const upstream = source();
  const generate = async (): Promise<AsyncIterable<Chunk>> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => upstream.next(),
      return: () => {
        closed.resolve();
        return upstream.return(undefined);
      },
    }),
  });
  const running = guard.stream(protocol, chat('hello'), generate);
  await sleep(2);
  verdict.resolve(true);
  expect((await running).delivery).toBe('refused');
  await within(200, closed.promise);
});

test('A late result that cannot even be closed hurts nobody', async () => {
  const { moderator, verdict } = held();
  const guard = watch({ moderators: { input: [moderator], output: [quiet] }, input: during });
  const generate = async (): Promise<AsyncIterable<Chunk>> => ({
    [Symbol.asyncIterator]: () => {
      throw new Error('read once only');
    },
  });
  const running = guard.stream(protocol, chat('hello'), generate);
  await sleep(2);
  verdict.resolve(true);
  expect((await running).delivery).toBe('refused');
  await sleep(5); // vitest fails the run on a rejection that nobody handles
});
