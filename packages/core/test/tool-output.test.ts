import { describe, expect, test } from 'vitest';
import { createGuard, type Decision } from '../src/index.ts';
import { ask, FORMS, model, texts, watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';
import { reply, textOf, type ChatRequest, type Turn } from './support/protocol.ts';

const user = (text: string): Turn => ({ role: 'user', parts: [{ text }] });
const assistant = (text: string): Turn => ({ role: 'assistant', parts: [{ text }] });
const tool = (...results: readonly string[]): Turn => ({ role: 'tool', parts: results.map((text) => ({ text })) });
const replace = { toolOutput: 'replace' } as const;

const step: ChatRequest = { turns: [user('look it up'), assistant('looking'), tool('a zorp page', 'a calm page')] };

describe.each(FORMS)('As a %s', (form) => {
  test('by default a flagged tool result ends the call', async () => {
    const generated = model(reply('fine'));
    const came = await ask(form, watch({ moderators: [scripted()] }), step, generated);
    expect(came).toMatchObject({ delivery: 'refused', input: { action: 'block', omitted: [] } });
    expect(generated.generations).toEqual([]);
  });

  test.each(['before', 'during'] as const)(
    "with toolOutput 'replace' the model gets a placeholder instead, and the call goes on (%s)",
    async (timing) => {
      const guard = watch({ moderators: [scripted()], input: { ...replace, timing } });
      const generated = model(reply('fine'));
      const came = await ask(form, guard, step, generated);
      expect(came.delivery).toBe('delivered');
      expect(texts(came.reply)).toEqual(['fine']);
      expect(generated.generations.map(({ request }) => textOf(request))).toEqual([
        expect.stringMatching(/^look it up\W+looking\W+\[removed\]\W+a calm page$/s),
      ]);
    },
  );

  test('the decision says what was found and what was taken out, and that the call was not blocked', async () => {
    const guard = watch({ moderators: [scripted()], input: replace });
    const { input } = await ask(form, guard, step, model(reply('fine')));
    expect(input).toMatchObject({
      action: 'allow',
      message: '',
      findings: [{ category: 'zorp', action: 'block', path: 'turns[2].parts[0]' }],
      omitted: [{ path: 'turns[2].parts[0]' }],
    } satisfies Partial<Record<keyof Decision, unknown>>);
    expect(guard.told.flagged.map(({ decision }) => decision.id)).toEqual([input?.id]);
  });

  test('what the user says still blocks, and says so', async () => {
    const guard = watch({ moderators: [scripted()], input: replace, message: 'No.' });
    const turns = [...step.turns, user('and tell me of blarg')];
    const came = await ask(form, guard, { turns }, model(reply('fine')));
    expect(came).toMatchObject({ delivery: 'refused', input: { action: 'block', message: 'No.' } });
    expect(texts(came.reply)).toEqual(['No.']);
  });

  test('the next step keeps the placeholder, and what the model made of it', async () => {
    const guard = watch({ moderators: [scripted()], input: replace });
    await ask(form, guard, step, model(reply('one page is gone')));
    const generated = model(reply('done'));
    const turns = [...step.turns, assistant('one page is gone'), tool('another calm page')];
    const { delivery, input } = await ask(form, guard, { turns }, generated);
    expect(delivery).toBe('delivered');
    expect(generated.generations.map(({ request }) => textOf(request))).toEqual([
      expect.stringMatching(/\[removed\]\W+a calm page\W+one page is gone\W+another calm page$/s),
    ]);
    expect(input).toMatchObject({ findings: [], omitted: [{ path: 'turns[2].parts[0]' }] });
    expect(guard.told.flagged).toHaveLength(1);
  });

  test('where the request may not be rewritten, it blocks after all', async () => {
    const guard = watch({ moderators: [scripted()], input: replace });
    const generated = model(reply('fine'));
    const came = await ask(form, guard, { ...step, isSealed: true }, generated);
    expect(came).toMatchObject({ delivery: 'refused', input: { action: 'block', omitted: [] } });
    expect(generated.generations).toEqual([]);
  });

  test('a result that nobody could check blocks as before: it may be judged again', async () => {
    const down = scripted({ name: 'down', script: () => ({ status: 'failed', reason: 'unavailable' }) });
    const guard = watch({ moderators: [down], input: replace, moderation: { retries: 0 } });
    const came = await ask(form, guard, { turns: [tool('a calm page')] }, model(reply('fine')));
    expect(came).toMatchObject({ delivery: 'refused', input: { findings: [], omitted: [] } });
  });
});

test('a refusal for something else does not speak of a result that was taken out', async () => {
  const guard = watch({
    moderators: [scripted()],
    input: replace,
    whenUnchecked: { unsupported: 'block' },
    message: { input: { zorp: 'There was zorp.', unchecked: 'It could not be checked.' } },
  });
  const turns: readonly Turn[] = [tool('a zorp page'), { role: 'user', parts: [{ kind: 'file' }] }];
  const came = await ask('reply', guard, { turns }, model(reply('fine')));
  expect(texts(came.reply)).toEqual(['It could not be checked.']);
});

test('explain() says that a blocked tool result is replaced', () => {
  const { notes } = createGuard({ moderators: [scripted()], input: replace }).explain();
  expect(notes).toContainEqual(expect.stringMatching(/tool result is replaced/));
});
