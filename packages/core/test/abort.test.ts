import { describe, expect, test } from 'vitest';
import { clear, log } from '../src/index.ts';
import { ask, collect, FORMS, iterate, model, watch, within, type Form, type Watched } from './support/guards.ts';
import { hang, latch, nothing, scripted, sleep, type Scripted } from './support/moderators.ts';
import { chat, chunksOf, protocol, reply, type Chunk } from './support/protocol.ts';

const REASON = new Error('the user left');
const quiet = (): Scripted => scripted<string>({ name: 'quiet', script: nothing });
const hanging = (): Scripted => scripted<string>({ name: 'hanging', script: hang });

async function expectAborted(guard: Watched, running: Promise<unknown>): Promise<void> {
  await expect(within(500, running)).rejects.toBe(REASON);
  await guard.idle();
  expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
  expect(guard.told['moderator-failed']).toEqual([]);
}

describe.each(FORMS)('A %s that is aborted', (form: Form) => {
  test('before it begins asks nobody', async () => {
    const moderator = quiet();
    const guard = watch({ moderators: [moderator] });
    const generated = model(reply('fine'));
    await expectAborted(guard, ask(form, guard, chat('hello'), generated, { signal: AbortSignal.abort(REASON) }));
    expect([moderator.requests, generated.generations]).toEqual([[], []]);
  });

  test.each(['before', 'during'] as const)(
    "while the input is judged, timing '%s', stops everything",
    async (timing) => {
      const moderator = hanging();
      const guard = watch({ moderators: { input: [moderator], output: [quiet()] }, input: { timing } });
      const controller = new AbortController();
      const generated = model(reply('fine'));
      const running = ask(form, guard, chat('hello'), generated, { signal: controller.signal });
      setTimeout(() => controller.abort(REASON), 5);
      await expectAborted(guard, running);
      expect(moderator.requests[0]?.options.signal.aborted).toBe(true);
      for (const { signal } of generated.generations) expect(signal.aborted).toBe(true);
      expect(generated.generations).toHaveLength(timing === 'during' ? 1 : 0);
    },
  );

  test('while an older turn is judged', async () => {
    const moderator = scripted<string>({ script: ({ segment }) => (segment.text === 'old' ? hang() : clear()) });
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const running = ask(form, guard, chat('old', 'yes', 'new'), model(reply('fine')), { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, running);
  });

  test('while it is generated, also when the model does not stop', async () => {
    const guard = watch({ moderators: [quiet()] });
    const controller = new AbortController();
    const generated = model(hang);
    const running = ask(form, guard, chat('hello'), generated, { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, running);
    expect(generated.generations[0]?.signal.aborted).toBe(true);
  });

  test('and whose model then fails in its own way ends in the reason of the signal', async () => {
    const guard = watch({ moderators: [quiet()] });
    const controller = new AbortController();
    const generated = model(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('my own words')));
        }),
    );
    const running = ask(form, guard, chat('hello'), generated, { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, running);
  });

  test('while the output is judged', async () => {
    const moderator = hanging();
    const guard = watch({ moderators: { input: [quiet()], output: [moderator] } });
    const controller = new AbortController();
    const running = ask(form, guard, chat('hello'), model(reply('fine')), { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 10);
    await expectAborted(guard, running);
    expect(moderator.requests[0]?.options.signal.aborted).toBe(true);
  });

  test('without a reason ends in the AbortError of the platform', async () => {
    const guard = watch({ moderators: [hanging()] });
    const controller = new AbortController();
    const running = ask(form, guard, chat('hello'), model(reply('fine')), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(within(500, running)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('after it was delivered changes nothing', async () => {
    const guard = watch({ moderators: [quiet()] });
    const controller = new AbortController();
    const came = await ask(form, guard, chat('hello'), model(reply('fine')), { signal: controller.signal });
    controller.abort(REASON);
    await sleep(2);
    expect(came.delivery).toBe('delivered');
    expect(guard.told.settled).toMatchObject([{ delivery: 'delivered' }]);
  });

  test('goes on for another caller who waits for the same item', async () => {
    const verdict = latch();
    const moderator = scripted<string>({
      script: async () => {
        await verdict.promise;
        return clear();
      },
    });
    const guard = watch({ moderators: { input: [moderator], output: [quiet()] } });
    const controller = new AbortController();
    const one = ask(form, guard, chat('hello'), model(reply('fine')), { signal: controller.signal });
    const other = guard.reply(protocol, chat('hello'), async () => reply('fine'));
    setTimeout(() => controller.abort(REASON), 5);
    await expect(within(500, one)).rejects.toBe(REASON);
    expect(moderator.requests.map(({ options }) => options.signal.aborted)).toEqual([false]);
    verdict.resolve();
    expect((await other).delivery).toBe('delivered');
    expect(moderator.requests).toHaveLength(1);
  });
});

describe('A stream', () => {
  const endless = (source: { isClosed: boolean }): AsyncIterable<Chunk> => ({
    [Symbol.asyncIterator]: () => {
      let given = 0;
      return {
        next: async () =>
          given++ === 0 ? { done: false, value: { pieces: [{ choice: 0, field: 'text', text: 'first' }] } } : hang(),
        return: async () => {
          source.isClosed = true;
          return { done: true, value: undefined };
        },
      };
    },
  });

  test.each([true, false])('that is aborted in its middle is closed (log: %s)', async (isLogged) => {
    const guard = watch({ moderators: [quiet()], ...(isLogged && { fallback: log() }) });
    const controller = new AbortController();
    const source = { isClosed: false };
    const { stream } = await guard.stream(protocol, chat('hello'), async () => endless(source), {
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, collect(stream));
    expect(source.isClosed).toBe(true);
  });

  test('that can be read once only is aborted like any other', async () => {
    const guard = watch({ moderators: [quiet()] });
    const controller = new AbortController();
    const inner = endless({ isClosed: false });
    let isRead = false;
    const once: AsyncIterable<Chunk> = {
      [Symbol.asyncIterator]: () => {
        if (isRead) throw new Error('read once only');
        isRead = true;
        return inner[Symbol.asyncIterator]();
      },
    };
    const { stream } = await guard.stream(protocol, chat('hello'), async () => once, { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, collect(stream));
    await sleep(2); // vitest fails the run on a rejection that nobody handles
  });

  test('whose reader leaves before the first chunk is cancelled', async () => {
    const guard = watch({ moderators: [quiet()] });
    const source = { isClosed: false };
    let signal: AbortSignal | undefined;
    const { stream } = await guard.stream(protocol, chat('hello'), async (_, call) => {
      ({ signal } = call);
      return endless(source);
    });
    await within(200, Promise.resolve(stream[Symbol.asyncIterator]().return?.()));
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
    expect(signal?.aborted).toBe(true);
    await sleep(1);
    expect(source.isClosed).toBe(true);
  });

  test('whose reader leaves in its middle is cancelled', async () => {
    const guard = watch({ moderators: [quiet()], fallback: log() });
    const source = { isClosed: false };
    let signal: AbortSignal | undefined;
    const { stream } = await guard.stream(protocol, chat('hello'), async (_, call) => {
      ({ signal } = call);
      return endless(source);
    });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) {
        expect(chunk.pieces[0]?.text).toBe('first');
        break;
      }
    };
    await within(200, read());
    await guard.idle();
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
    expect(signal?.aborted).toBe(true);
    expect(source.isClosed).toBe(true);
  });

  test('whose reader leaves while it waits is cancelled', async () => {
    const guard = watch({ moderators: [quiet()] });
    const { stream } = await guard.stream(protocol, chat('hello'), async () => endless({ isClosed: false }));
    const reader = stream[Symbol.asyncIterator]();
    const next = reader.next();
    next.catch(() => {});
    await sleep(2);
    await within(200, Promise.resolve(reader.return?.()));
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
  });

  test('that is aborted before anybody reads it is settled all the same', async () => {
    const guard = watch({ moderators: [quiet()] });
    const controller = new AbortController();
    await guard.stream(protocol, chat('hello'), async () => iterate(chunksOf(reply('fine'))), {
      signal: controller.signal,
    });
    controller.abort(REASON);
    await sleep(2);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
  });

  test('whose reader leaves after the last chunk was delivered', async () => {
    const guard = watch({ moderators: [quiet()] });
    const chunks = chunksOf(reply('fine'));
    const { stream } = await guard.stream(protocol, chat('hello'), async () => iterate(chunks));
    const reader = stream[Symbol.asyncIterator]();
    for (const chunk of chunks) expect((await reader.next()).value).toBe(chunk);
    await reader.return?.();
    expect(guard.told.settled).toMatchObject([{ delivery: 'delivered' }]);
  });
});

describe('A check that is aborted', () => {
  const history = [
    { role: 'user', content: 'old' },
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'new' },
  ];

  test.each([
    ['a text', 'hello'],
    ['a chat', history],
  ])('ends at once: %s', async (_, content) => {
    const moderator = hanging();
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const running = guard.check(content, { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expectAborted(guard, running);
    for (const { options } of moderator.requests) expect(options.signal.aborted).toBe(true);
  });

  test.each([
    ['a text', 'hello'],
    ['a chat', history],
  ])('in the moment in which it began ends too, and asks nobody: %s', async (_, content) => {
    const moderator = quiet();
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const running = guard.check(content, { signal: controller.signal });
    controller.abort(REASON);
    await expectAborted(guard, running);
    expect(moderator.requests).toEqual([]);
  });

  test('does not wait for another caller of the same older turn', async () => {
    const guard = watch({ moderators: [hanging()], moderation: { deadline: 300 } });
    const other = guard.check('old');
    const controller = new AbortController();
    const one = guard.check(history, { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expect(within(100, one)).rejects.toBe(REASON);
    expect((await other).unchecked).toHaveLength(1);
  });

  test('can be asked again, and is then judged anew', async () => {
    let isFirst = true;
    const moderator = scripted<string>({
      script: () => {
        const answer = isFirst ? hang() : clear();
        isFirst = false;
        return answer;
      },
    });
    const guard = watch({ moderators: [moderator] });
    const controller = new AbortController();
    const running = guard.check('hello', { signal: controller.signal });
    setTimeout(() => controller.abort(REASON), 5);
    await expect(running).rejects.toBe(REASON);
    expect((await within(500, guard.check('hello'))).action).toBe('allow');
  });
});
