import { describe, expect, test } from 'vitest';
import { clear, isContentError, log, retry, type ChatMessage } from '../src/index.ts';
import { collect, iterate, watch, within } from './support/guards.ts';
import { hang, nothing, scripted, sleep } from './support/moderators.ts';

const user = (...contents: readonly string[]): ChatMessage[] =>
  contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));

/** The ways in which a function may give its text, each read to its end. */
const FORMS: Readonly<
  Record<
    string,
    (
      guard: ReturnType<typeof watch>,
      answer: (messages: readonly ChatMessage[]) => string,
    ) => (messages: readonly ChatMessage[]) => Promise<string>
  >
> = {
  'a text': (guard, answer) => guard.wrap((messages) => answer(messages)),
  'a promise of a text': (guard, answer) => guard.wrap(async (messages) => answer(messages)),
  'pieces of text': (guard, answer) => {
    const wrapped = guard.wrap((messages) => iterate(Array.from(answer(messages))));
    return async (messages) => (await collect(wrapped(messages))).join('');
  },
  'a promise of pieces': (guard, answer) => {
    const wrapped = guard.wrap(async (messages) => iterate(Array.from(answer(messages))));
    return async (messages) => (await collect(await wrapped(messages))).join('');
  },
};

describe.each(Object.entries(FORMS))('A function that gives %s', (_, wrap) => {
  test('gives the same, guarded', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
    const given: unknown[] = [];
    const wrapped = wrap(guard, (messages) => {
      given.push(messages);
      return 'fine \u{1F98A}';
    });
    const messages = user('hello');
    expect(await wrapped(messages)).toBe('fine \u{1F98A}');
    expect(given).toEqual([messages]);
    expect(guard.told.settled).toMatchObject([{ delivery: 'delivered', attempts: 1 }]);
  });

  test('is not called for a blocked input: the message is the text', async () => {
    const guard = watch({ moderators: [scripted<string>()], message: 'Not this.' });
    expect(await wrap(guard, () => expect.unreachable())(user('zorp'))).toBe('Not this.');
    expect(guard.told.settled).toMatchObject([{ delivery: 'refused', attempts: 0 }]);
  });

  test('never shows what is flagged', async () => {
    const guard = watch({ moderators: [scripted<string>()], message: 'Not this.' });
    expect(await wrap(guard, () => 'zorp')(user('hello'))).toBe('Not this.');
    expect(guard.told.settled).toMatchObject([{ delivery: 'refused', attempts: 1 }]);
  });

  test('tries again with feedback, as a message of the developer at the end', async () => {
    const guard = watch({ moderators: [scripted<string>()], output: { fallback: retry() } });
    const given: (readonly ChatMessage[])[] = [];
    const wrapped = wrap(guard, (messages) => {
      given.push(messages);
      return given.length === 1 ? 'zorp' : 'fine';
    });
    expect(await wrapped(user('hello'))).toBe('fine');
    expect(given[1]).toMatchObject([{ role: 'user', content: 'hello' }, { role: 'system' }]);
  });

  test('is shown no blocked older turn, and every message keeps its other fields', async () => {
    const guard = watch({ moderators: [scripted<string>()] });
    const given: (readonly ChatMessage[])[] = [];
    const wrapped = wrap(guard, (messages) => {
      given.push(messages);
      return 'fine';
    });
    const messages = user('zorp', 'no', 'go on').map((message, id) => ({ ...message, id }));
    expect(await wrapped(messages)).toBe('fine');
    expect(given[0]).toEqual([
      { role: 'user', content: '[removed]', id: 0 },
      { role: 'assistant', content: '[removed]', id: 1 },
      { role: 'user', content: 'go on', id: 2 },
    ]);
  });

  test('that throws throws the same', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
    const down = new Error('down');
    const wrapped = wrap(guard, () => {
      throw down;
    });
    await expect(wrapped(user('hello'))).rejects.toBe(down);
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored' }]);
  });

  test('is handed on unchanged by log()', async () => {
    const guard = watch({ moderators: [scripted<string>()], fallback: log({ logger: { warn: () => {} } }) });
    expect(await wrap(guard, () => 'zorp')(user('zorp'))).toBe('zorp');
  });

  test('is shown what was judged, whatever becomes of the messages meanwhile', async () => {
    const guard = watch({ moderators: [scripted<string>({ delay: 5 })] });
    const given: unknown[] = [];
    const wrapped = wrap(guard, (shown) => {
      given.push(structuredClone(shown));
      return 'fine';
    });
    const part = { type: 'text' as const, text: 'go on' };
    const parts = [part];
    const first = { role: 'user', content: 'hello' };
    const messages: ChatMessage[] = [first, { role: 'assistant', content: 'yes' }, { role: 'user', content: parts }];
    const said = structuredClone(messages);
    const running = wrapped(messages);
    first.content = 'zorp';
    part.text = 'zorp';
    parts.push({ type: 'text', text: 'zorp' });
    messages.push(...user('zorp'));
    expect(await running).toBe('fine');
    expect(given).toEqual([said]);
  });

  test('gives an empty text as it is', async () => {
    const guard = watch({ moderators: [scripted<string>()] });
    expect(await wrap(guard, () => '')(user(''))).toBe('');
  });
});

test.each<readonly [path: string, messages: unknown]>([
  ['messages', 'hello'],
  ['messages[0]', [null]],
  ['messages[0].role', [{ content: 'a' }]],
  ['messages[0].content', [{ role: 'user' }]],
  ['messages[1].content', [...user('hello'), { role: 'assistant', content: null }]],
])('Messages that are none are an error that names %s', async (path, messages) => {
  const guard = watch({ moderators: [scripted<string>()] });
  const mistake: unknown = await guard
    .wrap(() => 'fine')(messages as ChatMessage[])
    .catch((error: unknown) => error);
  expect(isContentError(mistake) && mistake.path, String(mistake)).toBe(path);
  expect(guard.told.settled).toMatchObject([{ delivery: 'errored', attempts: 0 }]);
});

test('What a function gives that is no text is an error and never a pass', async () => {
  for (const rubbish of [undefined, null, 5, {}]) {
    const guard = watch({ moderators: [scripted<string>({ script: () => clear() })] });
    await expect(guard.wrap(() => rubbish as string)(user('hello'))).rejects.toThrow();
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored' }]);
  }
});

test('Images of messages are judged by who covers them, and replaced where they were blocked', async () => {
  const eyes = scripted<string>({
    name: 'eyes',
    kinds: ['image'],
    script: () => ({ status: 'flagged', flagged: [], scores: {} }),
  });
  const guard = watch({ moderators: [scripted<string>(), eyes], message: 'Not this.' });
  const image: ChatMessage = {
    role: 'user',
    content: [
      { type: 'text', text: 'look' },
      { type: 'image', image: 'https://example.test/a.png' },
    ],
  };
  let given: readonly ChatMessage[] = [];
  const wrapped = guard.wrap((messages) => {
    given = messages;
    return 'fine';
  });
  expect(await wrapped([image])).toBe('Not this.');
  expect(await wrapped([image, ...user('x', 'y').toReversed()])).toBe('fine');
  expect(given[0]?.content).toEqual([
    { type: 'text', text: 'look' },
    { type: 'text', text: '[removed]' },
  ]);
});

describe('A signal', () => {
  test('is handed to the function, and aborts with the reason', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
    const controller = new AbortController();
    const reason = new Error('enough');
    let seen: AbortSignal | undefined;
    const running = guard.wrap((_, { signal }) => {
      seen = signal;
      return hang();
    })(user('hello'), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await expect(within(300, running)).rejects.toBe(reason);
    expect(seen?.aborted).toBe(true);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
  });

  test('aborts while the input is judged', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: hang })] });
    const controller = new AbortController();
    const reason = new Error('enough');
    const pieces = guard.wrap(() => iterate(['a']))(user('hello'), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await expect(within(300, collect(pieces))).rejects.toBe(reason);
  });
});

test('A reader who leaves the pieces ends the call', async () => {
  const guard = watch({ moderators: [scripted<string>({ script: nothing })], fallback: log() });
  let isClosed = false;
  async function* source(): AsyncGenerator<string> {
    try {
      yield 'one';
      yield 'two';
    } finally {
      isClosed = true;
    }
  }
  for await (const piece of guard.wrap(source)(user('hello'))) {
    expect(piece).toBe('one');
    break;
  }
  await sleep(1);
  await guard.idle();
  expect(isClosed).toBe(true);
  expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
});

test('Pieces that are aborted before anybody reads them are settled all the same', async () => {
  const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
  const controller = new AbortController();
  await guard.wrap(async () => iterate(['one']))(user('hello'), { signal: controller.signal });
  controller.abort();
  await sleep(2);
  expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
});

describe('Pieces whose call has ended before anybody reads them', () => {
  const reason = new Error('enough');
  // vitest fails the run on a rejection that nobody handles
  const nobodyReads = (): Promise<void> => sleep(10);
  async function* one(): AsyncGenerator<string> {
    yield 'one';
  }

  test('by a signal that was aborted from the start meet the reader with its reason', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
    const pieces = guard.wrap(one)(user('hello'), { signal: AbortSignal.abort(reason) });
    await nobodyReads();
    await expect(within(300, collect(pieces))).rejects.toBe(reason);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted', attempts: 0 }]);
  });

  test('by an abort while the input is judged meet the reader with its reason', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: hang })] });
    const controller = new AbortController();
    const pieces = guard.wrap(one)(user('hello'), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 2);
    await nobodyReads();
    await expect(within(300, collect(pieces))).rejects.toBe(reason);
    expect(guard.told.settled).toMatchObject([{ delivery: 'aborted', attempts: 0 }]);
  });

  test('by a policy function that fails meet the reader with the mistake', async () => {
    const guard = watch({
      moderators: [scripted<string>()],
      policy: () => {
        throw new Error('no');
      },
    });
    const pieces = guard.wrap(one)(user('hello'));
    await nobodyReads();
    await expect(within(300, collect(pieces))).rejects.toMatchObject({ name: 'ConfigurationError', path: 'policy' });
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored', attempts: 0 }]);
  });

  test('by a function that throws meet the reader with what it threw', async () => {
    const guard = watch({ moderators: [scripted<string>({ script: nothing })] });
    const pieces = guard.wrap((): AsyncIterable<string> => {
      throw reason;
    })(user('hello'));
    await nobodyReads();
    await expect(within(300, collect(pieces))).rejects.toBe(reason);
    expect(guard.told.settled).toMatchObject([{ delivery: 'errored', attempts: 1 }]);
  });
});

test('A reader who leaves before the first piece ends the call', async () => {
  const guard = watch({ moderators: [scripted<string>({ script: hang })] });
  const wrapped = guard.wrap(() => iterate(['one']));
  const pieces = wrapped(user('hello'))[Symbol.asyncIterator]();
  await within(300, Promise.resolve(pieces.return?.()));
  expect(guard.told.settled).toMatchObject([{ delivery: 'aborted' }]);
});

test('The context of a call goes to its events', async () => {
  const guard = watch({ moderators: [scripted<string>()] });
  await guard.with({ tenant: 't' }).wrap(() => 'fine')(user('hello'), { context: { user: 'u' } });
  expect(guard.told.settled).toMatchObject([{ call: 'reply', context: { tenant: 't', user: 'u' } }]);
});
