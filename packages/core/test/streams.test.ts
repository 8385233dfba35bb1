import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clear, retry } from '../src/index.ts';
import { ask, collect, FORMS, iterate, model, texts, watch } from './support/guards.ts';
import { findWords, latch, nothing, scripted } from './support/moderators.ts';
import {
  chat,
  chunksOf,
  joined,
  protocol,
  reply,
  type Adapter,
  type ChatReply,
  type Chunk,
} from './support/protocol.ts';

describe.each(FORMS)('As a %s', (form) => {
  test('of several choices only the flagged one is refused', async () => {
    const guard = watch({ moderators: [scripted()] });
    const came = await ask(form, guard, chat('hello'), model(reply('one', 'zorp two', 'three')));
    expect(texts(came.reply)).toEqual(['one', came.output?.message, 'three']);
    expect(came).toMatchObject({ delivery: 'refused', output: { findings: [{ path: 'choices[1].text' }] } });
  });

  test('tool arguments are judged, and the choice that holds them is refused', async () => {
    const guard = watch({ moderators: [scripted()] });
    const given: ChatReply = { choices: [{ text: 'one' }, { text: 'two', args: '{"say":"zorp"}' }] };
    const came = await ask(form, guard, chat('hello'), model(given));
    expect(came.reply.choices).toMatchObject([{ text: 'one' }, { text: came.output?.message, isRefused: true }]);
    expect(JSON.stringify(came.reply)).not.toMatch(/zorp/);
  });

  test('where one verdict speaks for the whole reply, all of it is refused', async () => {
    const guard = watch({ moderators: [scripted({ reads: 'message' })] });
    const came = await ask(form, guard, chat('hello'), model(reply('one', 'zorp two')));
    expect(came.delivery).toBe('refused');
    expect(JSON.stringify(came.reply)).not.toMatch(/zorp/);
  });

  test('where nobody could judge the whole reply, none of it leaves', async () => {
    const guard = watch({
      moderators: {
        input: [],
        output: [scripted({ reads: 'message', script: () => ({ status: 'failed', reason: 'unavailable' }) })],
      },
    });
    const came = await ask(form, guard, chat('hello'), model(reply('glim', 'glam')));
    expect(came.delivery).toBe('refused');
    expect(JSON.stringify(came.reply)).not.toMatch(/glim|glam/);
  });

  test('each segment is judged once, whole', async () => {
    const moderator = scripted({ script: nothing });
    const guard = watch({ moderators: { input: [], output: [moderator] } });
    const given: ChatReply = { choices: [{ text: 'a first text' }, { text: 'a second text', args: '{"a":1}' }] };
    await ask(form, guard, chat('hello'), model(given));
    expect(moderator.texts()).toEqual(['a first text', 'a second text', '{"a":1}']);
  });

  test('an empty reply is delivered, and nobody is asked', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: { input: [], output: [moderator] } });
    const came = await ask(form, guard, chat('hello'), model(reply('')));
    expect(came).toMatchObject({ delivery: 'delivered', output: { action: 'allow', unchecked: [] } });
    expect(moderator.requests).toEqual([]);
  });

  test.each(['warn', 'review'] as const)('%s releases the text, and is told', async (tier) => {
    const guard = watch({ moderators: [scripted()], policy: { categories: { zorp: { [tier]: 'flag' } } } });
    const came = await ask(form, guard, chat('hello'), model(reply('zorp')));
    expect(texts(came.reply)).toEqual(['zorp']);
    expect(came).toMatchObject({ delivery: 'delivered', output: { action: tier } });
    expect(guard.told.flagged).toHaveLength(1);
  });

  test('what the provider itself blocked is told as its own', async () => {
    const guard = watch({ moderators: [scripted()] });
    const given = { ...reply('half'), providerBlocks: ['choices[0].text'] };
    await ask(form, guard, chat('hello'), model(given));
    expect(guard.told.flagged).toMatchObject([
      {
        source: 'provider',
        decision: { stage: 'output', findings: [{ moderator: 'provider', path: 'choices[0].text' }] },
      },
    ]);
  });

  test('an adapter that cannot refuse lets nothing out: the call fails', async () => {
    const fail = (): never => {
      throw new Error('cannot refuse');
    };
    const adapter: Adapter = {
      ...protocol,
      refuse: fail,
      openStream: (request) => ({ ...protocol.openStream(request), refuse: fail, without: fail }),
    };
    for (const [request, said] of [
      [chat('zorp'), 'fine'],
      [chat('hello'), 'zorp'],
    ] as const) {
      const guard = watch({ moderators: [scripted()] });
      await expect(ask(form, guard, request, model(reply(said)), { adapter })).rejects.toThrow();
      expect(guard.told.settled).toMatchObject([{ delivery: 'errored' }]);
    }
  });

  test('a blocked input generates nothing', async () => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const came = await ask(form, guard, chat('zorp'), generated);
    expect(texts(came.reply)).toEqual([came.input?.message]);
    expect(came.attempts).toBe(0);
    expect(guard.told.settled[0]).not.toHaveProperty('usage');
    expect(generated.generations).toEqual([]);
  });
});

test('No chunk leaves before the verdict', async () => {
  const verdict = latch();
  const script = async (): Promise<unknown> => {
    await verdict.promise;
    return clear();
  };
  const guard = watch({ moderators: { input: [], output: [scripted({ script })] } });
  const { stream } = await guard.stream(protocol, chat('hello'), async () => iterate(chunksOf(reply('a few words'))));
  const seen: Chunk[] = [];
  const reading = (async () => {
    for await (const chunk of stream) seen.push(chunk);
  })();
  await new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
  expect(seen).toEqual([]);
  verdict.resolve();
  await reading;
  expect(seen.length).toBeGreaterThan(1);
});

test('A model that gives no stream at all is an error, and settles', async () => {
  const guard = watch({ moderators: [scripted()] });
  const read = async (): Promise<unknown> =>
    collect((await guard.stream(protocol, chat('hello'), async () => undefined as never)).stream);
  await expect(read()).rejects.toThrow();
  expect(guard.told.settled).toMatchObject([{ delivery: 'errored' }]);
});

test('A stream without a chunk ends, and settles', async () => {
  const guard = watch({ moderators: [scripted()] });
  const { stream } = await guard.stream(protocol, chat('hello'), async () => iterate<Chunk>([]));
  expect(await collect(stream)).toEqual([]);
  expect(guard.told.settled).toMatchObject([{ delivery: 'delivered' }]);
});

test('A stream that fails fails with what it threw, and nothing has left', async () => {
  const guard = watch({ moderators: [scripted()] });
  const reset = new Error('reset');
  async function* broken(): AsyncGenerator<Chunk> {
    yield* chunksOf(reply('half'));
    throw reset;
  }
  const { stream } = await guard.stream(protocol, chat('hello'), async () => broken());
  const seen: Chunk[] = [];
  await expect(
    (async () => {
      for await (const chunk of stream) seen.push(chunk);
    })(),
  ).rejects.toBe(reset);
  expect(seen).toEqual([]);
  expect(guard.told.settled).toMatchObject([{ delivery: 'errored', attempts: 1 }]);
});

test('A released reply and its stream are remembered as history', async () => {
  const moderator = scripted({ script: nothing });
  const guard = watch({ moderators: [moderator] });
  for (const form of FORMS) {
    const [said, answer] = [`hello ${form}`, `answer ${form}`];
    await ask(form, guard, chat(said), model(reply(answer)));
    const before = moderator.requests.length;
    await ask(form, guard, chat(said, answer, `on ${form}`), model(reply(`more ${form}`)));
    expect(moderator.texts().slice(before)).toEqual([`on ${form}`, `more ${form}`]);
  }
});

describe('However a stream is cut into chunks', () => {
  const piece = fc.record({
    choice: fc.nat({ max: 2 }),
    field: fc.constantFrom('text' as const, 'args' as const),
    text: fc.oneof(fc.constantFrom('zo', 'rp', 'zorp', ' ', '\uD83D', '\uDE00', ''), fc.string({ maxLength: 5 })),
  });
  const chunks: fc.Arbitrary<Chunk[]> = fc.array(fc.record({ pieces: fc.array(piece, { maxLength: 3 }) }), {
    maxLength: 12,
  });

  test('held as a whole it is decided like the whole reply: clear text arrives as the same chunks, flagged text never does', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, fc.boolean(), async (given, mayRetry) => {
        const moderators = { input: [], output: [scripted({ script: findWords })] };
        const fallback = { output: { release: 'whole' as const, ...(mayRetry && { fallback: retry() }) } };
        const whole = joined(given);
        const streamed = watch({ moderators, ...fallback });
        let attempts = 0;
        const { stream } = await streamed.stream(protocol, chat('hello'), async () => {
          attempts++;
          return iterate(given);
        });
        const got = await collect(stream);
        const guarded = await watch({ moderators, ...fallback }).reply(protocol, chat('hello'), async () => whole);
        const [settled] = streamed.told.settled;
        expect(settled?.delivery).toBe(guarded.delivery);
        expect(settled?.output?.findings.map(({ path }) => path).toSorted()).toEqual(
          guarded.output?.findings.map(({ path }) => path).toSorted(),
        );
        if (guarded.delivery === 'delivered') {
          expect(got).toHaveLength(given.length);
          for (const [index, chunk] of got.entries()) expect(chunk).toBe(given[index]);
          expect(attempts).toBe(1);
        } else {
          const flagged = new Set(settled?.output?.findings.map(({ path }) => Number(path.slice(8, 9))));
          for (const [index, { text, args = '' }] of joined(got).choices.entries()) {
            if (flagged.has(index)) expect(text + args).toBe(settled?.output?.message);
            else expect({ text, args }).toEqual({ args: '', ...whole.choices[index] });
          }
          expect(attempts).toBe(mayRetry ? 2 : 1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('the moderator sees the same texts', async () => {
    const text = 'The quick \u{1F98A} jumps over a zorp. And on.';
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (size) => {
        const moderator = scripted({ script: nothing });
        const guard = watch({ moderators: { input: [], output: [moderator] } });
        const { stream } = await guard.stream(protocol, chat('hello'), async () =>
          iterate(chunksOf(reply(text), size)),
        );
        await collect(stream);
        expect(moderator.texts()).toEqual(['The quick \u{1F98A} jumps over a zorp. ', 'And on.']);
      }),
      { numRuns: 30 },
    );
  });
});
