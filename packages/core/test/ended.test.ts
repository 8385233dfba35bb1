import { describe, expect, test } from 'vitest';
import { clear, flag, type ChunkReader } from '../src/index.ts';
import { collect, watch } from './support/guards.ts';
import { latch, scripted } from './support/moderators.ts';
import { chat, protocol, type Adapter, type Chunk } from './support/protocol.ts';

const said = (field: 'text' | 'args', text: string): Chunk => ({ pieces: [{ choice: 0, field, text }] });

/** The same protocol, which says after a period that what came is complete, and notes what it is told of. */
function ending(left: Chunk[] = []): Adapter {
  return {
    ...protocol,
    openStream(request): ChunkReader<Chunk> {
      const reader = protocol.openStream(request);
      return {
        ...reader,
        read(chunk) {
          const reading = reader.read(chunk);
          const ended = reading.segments.filter(({ text }) => text?.endsWith('.')).map(({ path }) => path);
          return { ...reading, ...(ended.length > 0 && { ended }) };
        },
        left: (chunk) => left.push(chunk),
      };
    },
  };
}

function marking(asked: string[]) {
  return scripted<string>({
    categories: ['zorp'],
    script: ({ segment: { text = '' } }) => {
      asked.push(text);
      return text.includes('zorp') ? flag(['zorp']) : clear();
    },
  });
}

describe('What an adapter says is complete', () => {
  test('is judged and leaves before anything follows', async () => {
    const asked: string[] = [];
    const isRead = latch();
    const guard = watch({ moderators: [marking(asked)] });
    const { stream } = await guard.stream(ending(), chat('hello'), async () =>
      (async function* () {
        yield said('text', 'short and done.');
        await isRead.promise;
        yield { pieces: [], isEnd: true };
      })(),
    );
    const iterator = stream[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual(said('text', 'short and done.'));
    expect(asked).toContain('short and done.');
    isRead.resolve();
    expect(await collect({ [Symbol.asyncIterator]: () => iterator })).toHaveLength(1);
  });

  test('is held like everything else where a reply leaves as a whole', async () => {
    const asked: string[] = [];
    const guard = watch({ moderators: [marking(asked)], output: { release: 'whole' } });
    const { stream } = await guard.stream(ending(), chat('hello'), async () =>
      (async function* () {
        yield said('args', 'one.');
        yield said('text', 'a zorp');
      })(),
    );
    const got = await collect(stream);
    expect(JSON.stringify(got)).not.toContain('one.');
  });

  test('is judged in its own window, and what comes after it in another', async () => {
    const asked: string[] = [];
    const guard = watch({ moderators: { input: [], output: [marking(asked)] } });
    const { stream } = await guard.stream(ending(), chat('hello'), async () =>
      (async function* () {
        yield said('text', 'one.');
        yield said('text', 'two');
      })(),
    );
    expect(await collect(stream)).toHaveLength(2);
    expect(asked).toEqual(['one.', 'two']);
  });
});

test('An adapter is told of what leaves, in order, and of nothing else', async () => {
  const left: Chunk[] = [];
  const guard = watch({ moderators: { input: [], output: [marking([])] } });
  const { stream } = await guard.stream(ending(left), chat('hello'), async () =>
    (async function* () {
      yield said('text', 'fine.');
      yield said('args', 'a zorp.');
      yield said('text', 'more.');
    })(),
  );
  const got = await collect(stream);
  expect(left).toEqual([said('text', 'fine.')]);
  expect(got[0]).toEqual(left[0]);
  expect(JSON.stringify(got)).not.toContain('zorp');
});

describe('Text that is kept where nobody can see it', () => {
  const unseen: Adapter = {
    ...protocol,
    readRequest(request) {
      const reading = protocol.readRequest(request);
      const segment = { kind: 'text', role: 'user', path: 'elsewhere' } as const;
      return { ...reading, messages: [{ role: 'user', path: 'elsewhere', segments: [segment] }, ...reading.messages] };
    },
  };
  const generate = async () => ({ choices: [{ text: 'fine' }] });

  test('is unsupported, which passes by default and is told', async () => {
    const asked: string[] = [];
    const guard = watch({ moderators: [marking(asked)] });
    const { delivery, input } = await guard.reply(unseen, chat('hello'), generate);
    expect(delivery).toBe('delivered');
    expect(input?.unchecked).toEqual([{ path: 'elsewhere', reason: 'unsupported' }]);
    expect(asked).toEqual(['hello', 'fine']);
  });

  test('blocks where what is unsupported is to block', async () => {
    const guard = watch({ moderators: [marking([])], whenUnchecked: { unsupported: 'block' } });
    expect(await guard.reply(unseen, chat('hello'), generate)).toMatchObject({ delivery: 'refused' });
  });
});
