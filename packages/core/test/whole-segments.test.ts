import { describe, expect, test, vi } from 'vitest';
import { log } from '../src/index.ts';
import { ask, collect, model, texts, watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';
import { chat, protocol, type Adapter, type ChatReply, type Chunk } from './support/protocol.ts';

/** The same protocol, whose reader knows what arguments mean, and tells of decisions. */
const knowing: Adapter = {
  ...protocol,
  openStream(request) {
    const reader = protocol.openStream(request);
    return {
      ...reader,
      whole: (segment) => ({ ...segment, text: JSON.stringify(JSON.parse(segment.text ?? '')) }),
      addDecision: (chunk, { action }) => (chunk.isEnd ? { ...chunk, pieces: [piece(action)] } : chunk),
    };
  },
};
const piece = (text: string): Chunk['pieces'][number] => ({ choice: 0, field: 'text', text });

const escaped: ChatReply = { choices: [{ text: 'calling', args: '{ "say": "z\\u006frp" }' }] };

describe('A segment that is held until it is whole', () => {
  test('is judged as the adapter reads it then', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    const came = await ask('stream', guard, chat('hello'), model(escaped), { adapter: knowing });
    expect(moderator.texts()).toContain('{"say":"zorp"}');
    expect(came).toMatchObject({ delivery: 'refused', output: { action: 'block' } });
  });

  test.each(['whole', 'immediate'] as const)('also where the release is %s', async (release) => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator], output: { release } });
    await ask('stream', guard, chat('hello'), model(escaped), { adapter: knowing });
    expect(moderator.texts()).toContain('{"say":"zorp"}');
  });

  test('also where nothing waits for the verdict', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator], fallback: log({ logger: { warn: () => {} } }) });
    await ask('stream', guard, chat('hello'), model(escaped), { adapter: knowing });
    await guard.idle();
    expect(moderator.texts()).toContain('{"say":"zorp"}');
  });

  test('is judged as it came where the adapter fails at it', async () => {
    const moderator = scripted();
    const given: ChatReply = { choices: [{ text: 'calling', args: 'no json' }] };
    await ask('stream', watch({ moderators: [moderator] }), chat('hello'), model(given), { adapter: knowing });
    expect(moderator.texts()).toContain('no json');
  });

  test('what flows is none of it', async () => {
    const moderator = scripted();
    await ask('stream', watch({ moderators: [moderator] }), chat('hi'), model(escaped), { adapter: knowing });
    expect(moderator.texts()).toContain('calling');
  });
});

test.each([true, false])('a chunk that is said to leave last does, and only then (%j)', async (isLast) => {
  const moderator = scripted();
  const adapter: Adapter = {
    ...knowing,
    openStream(request) {
      const reader = knowing.openStream(request);
      return { ...reader, read: (chunk) => ({ ...reader.read(chunk), isLast: isLast && chunk === calls }) };
    },
  };
  const calls: Chunk = { pieces: [piece('Then it calls. ')] };
  const stream = async function* (): AsyncGenerator<Chunk> {
    yield { pieces: [piece('A calm day. ')] };
    yield calls;
    await vi.waitFor(() => expect(moderator.texts().join()).toContain('Then it calls. '));
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield { pieces: [piece('And zorp came. ')] };
  };
  const guarded = await watch({ moderators: [moderator], output: { window: { maxWait: 20 } } }).stream(
    adapter,
    chat('hello'),
    async () => stream(),
  );
  const came = await collect(guarded.stream);
  expect(JSON.stringify(came)).toMatch(/A calm day/);
  expect(JSON.stringify(came)).not.toMatch(/zorp/);
  expect(came.includes(calls)).toBe(!isLast);
});

test('what was decided of a released reply rides on its end, and nothing does where all is well', async () => {
  const guard = watch({ moderators: [scripted()], policy: { categories: { zorp: { warn: 0.5 } } } });
  const said = async (text: string): Promise<readonly string[]> =>
    texts((await ask('stream', guard, chat('hi'), model({ choices: [{ text }] }), { adapter: knowing })).reply);
  expect(await said('A zorp day.')).toEqual(['A zorp day.warn']);
  expect(await said('A calm day.')).toEqual(['A calm day.']);
});
