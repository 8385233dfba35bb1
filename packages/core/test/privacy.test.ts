import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { failed, flag, log, reject, retry, type CaptureContent, type Fallback } from '../src/index.ts';
import { ask, FORMS, model, watch, type Form } from './support/guards.ts';
import { answering, findWords, scripted, type Scripted } from './support/moderators.ts';
import { chat, protocol, reply, type Adapter } from './support/protocol.ts';

const CANARY = 'kanarienvogel';
const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

let spies: MockInstance[];
beforeEach(() => {
  spies = METHODS.map((method) => vi.spyOn(console, method).mockReturnValue());
});
afterEach(() => {
  for (const spy of spies) spy.mockRestore();
});

const canaryError = (): Error => Object.assign(new Error(`no ${CANARY}`), { detail: CANARY });
const throwing = (): never => {
  throw canaryError();
};

/** Everything that anybody could come to read. */
function everything(...more: readonly unknown[]): string {
  return inspect([more, spies.map((spy) => spy.mock.calls)], {
    depth: Infinity,
    showHidden: true,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
  });
}

const FALLBACKS: Readonly<Record<string, () => Fallback>> = {
  rejects: () => reject(),
  retries: () => retry({ maxRetries: 1 }),
  logs: () => log(),
  throws: () => ({ waits: true, retries: 1, answer: throwing }),
  'fails to give feedback': () => retry({ feedback: throwing }),
};

const MODERATORS: Readonly<Record<string, () => Scripted>> = {
  'finds something': () => scripted<string>({ script: findWords }),
  throws: () => answering<string>(throwing),
  'rejects with content': () => answering<string>(() => Promise.reject(canaryError())),
  'says that it failed, with more than that': () =>
    answering<string>(async () => [{ status: 'failed', reason: 'quota', text: CANARY }]),
  'answers with one failure for all, with more than that': () =>
    answering<string>(async () => ({ status: 'failed', reason: CANARY, text: CANARY })),
  'gives a report with more than that': () =>
    answering<string>(async (items) => items.map((item) => ({ ...findWords(item), input: item, text: CANARY }))),
  'answers with content': () => answering<string>(async (items) => items),
};

describe.each(FORMS)('As a %s', (form: Form) => {
  for (const [how, moderator] of Object.entries(MODERATORS))
    test.each(Object.entries(FALLBACKS))(
      `no word leaves where the moderator ${how} and the fallback %s`,
      async (_, fallback) => {
        const guard = watch({ moderators: [moderator()], fallback: fallback(), moderation: { deadline: 150 } });
        for (const event of ['flagged', 'settled', 'moderator-failed', 'retried'] as const) guard.on(event, throwing);
        for (const [said, answered] of [
          [`zorp ${CANARY}`, 'fine'],
          ['hello', `zorp ${CANARY}`],
          [CANARY, CANARY],
        ] as const) {
          const generated = model(reply(answered), reply(`${answered} again`));
          const came = await ask(form, guard, chat(said), generated);
          await guard.idle();
          expect(everything(guard.told, came.input, came.output)).not.toContain(CANARY);
          if (came.delivery === 'refused') expect(everything(came.reply)).not.toContain(CANARY);
          // The second attempt's feedback does not quote either.
          expect(everything(generated.generations.slice(1).map(({ request }) => request.turns.slice(1)))).not.toContain(
            CANARY,
          );
        }
        const check = await guard.check(`zorp ${CANARY}`);
        expect(everything(guard.told, check)).not.toContain(CANARY);
      },
    );

  test.each(['readRequest', 'rewriteRequest', 'addFeedback', 'readReply'] as const)(
    'no word of an adapter leaves whose %s throws',
    async (method) => {
      const adapter: Adapter = { ...protocol, [method]: throwing };
      const guard = watch({ moderators: [scripted()], fallback: retry() });
      const came = await ask(form, guard, chat('zorp', 'no', 'hello'), model(reply('zorp')), { adapter });
      expect(everything(guard.told, came)).not.toContain(CANARY);
    },
  );
});

test('Errors about content hold no content', async () => {
  const guard = watch({ moderators: [scripted()] });
  for (const content of [
    [{ kind: CANARY, role: 'user', text: CANARY }],
    [{ role: 'user', content: [{ type: CANARY, text: CANARY }] }],
    [{ role: 'user', content: [{ type: 'image', image: CANARY }] }],
    [{ role: 'user', content: { text: CANARY } }],
  ]) {
    const error: unknown = await guard.check(content as never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect(everything(error, guard.told)).not.toContain(CANARY);
  }
});

test("Somebody else's category is told as '*' in findings", async () => {
  const guard = watch({ moderators: [scripted({ script: () => flag([CANARY]) })] });
  const { findings, message } = await guard.check('hello');
  expect(everything(findings, message)).not.toContain(CANARY);
});

describe('captureContent', () => {
  const text = `zorp ${CANARY} \u{1F98A}`;
  const captured = async (captureContent: CaptureContent): Promise<unknown> => {
    const guard = watch({ moderators: [scripted()], captureContent });
    const segments = [
      { kind: 'text', role: 'user', path: 'a', text },
      { kind: 'text', role: 'user', path: 'b', text: 'harmless' },
    ] as const;
    await guard.check(segments);
    expect(guard.told.flagged).toHaveLength(1);
    expect(everything(guard.told.settled)).not.toContain(CANARY);
    return guard.told.flagged[0]?.content;
  };

  test("'none' carries nothing, which is the default", async () => {
    expect(await captured('none')).toBeUndefined();
  });
  test("'hash' carries the SHA-256 of what was flagged, and its length", async () => {
    const hash = createHash('sha256').update(text).digest('hex');
    expect(await captured('hash')).toEqual([{ path: 'a', length: text.length, hash }]);
  });
  test("'full' carries what was flagged", async () => {
    expect(await captured('full')).toEqual([{ path: 'a', length: text.length, text }]);
  });

  test.each(FORMS)("'full' carries the flagged choice of a %s, and the flagged input", async (form) => {
    const guard = watch({ moderators: [scripted()], captureContent: 'full' });
    await ask(form, guard, chat('hello'), model(reply('fine', text)));
    await ask(form, guard, chat(text), model(reply('fine')));
    expect(guard.told.flagged.map(({ content }) => content)).toEqual([
      [{ path: 'choices[1].text', length: text.length, text }],
      [{ path: 'turns[0].parts[0]', length: text.length, text }],
    ]);
  });

  test('an outage carries no content, for it raises no flagged', async () => {
    const guard = watch({ moderators: [scripted({ script: () => failed('quota') })], captureContent: 'full' });
    await guard.check(text);
    expect(everything(guard.told)).not.toContain(CANARY);
  });
});
