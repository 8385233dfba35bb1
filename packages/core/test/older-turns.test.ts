import { describe, expect, test } from 'vitest';
import { clear, flag, log, unsupported, type Moderator, type Policy } from '../src/index.ts';
import { ask, FORMS, model, texts, watch, type Watched } from './support/guards.ts';
import { findWords, scripted, type Script, type Scripted } from './support/moderators.ts';
import { chat, reply, textOf, type ChatRequest, type Turn } from './support/protocol.ts';

const user = (text: string): Turn => ({ role: 'user', parts: [{ text }] });
const assistant = (text: string): Turn => ({ role: 'assistant', parts: [{ text }] });

describe.each(FORMS)('As a %s', (form) => {
  test('a chat of twelve turns goes on after turn 3 was blocked', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    const history: Turn[] = [];
    const refusals: string[] = [];
    for (let turn = 1; turn <= 12; turn++) {
      const said = turn === 3 ? 'tell me of zorp' : `question ${turn}`;
      history.push(user(said));
      const generated = model(reply(`answer ${turn}`));
      const before = moderator.texts().length;
      const came = await ask(form, guard, { turns: [...history] }, generated);
      const [answer = ''] = texts(came.reply);
      history.push(assistant(answer));

      if (turn === 3) {
        expect(came.delivery).toBe('refused');
        expect(generated.generations).toEqual([]);
        refusals.push(answer);
        continue;
      }
      expect(came.delivery, `turn ${turn}`).toBe('delivered');
      expect(answer).toBe(`answer ${turn}`);
      const sent = textOf(generated.generations[0]?.request ?? { turns: [] });
      expect(sent).not.toMatch(/zorp/);
      for (const refusal of refusals) expect(sent).not.toContain(refusal);
      expect(sent).toContain(said);
      // What was said before comes unchanged, for the model to go on from.
      for (let earlier = 1; earlier < turn; earlier++) if (earlier !== 3) expect(sent).toContain(`answer ${earlier}`);
      expect(came.input?.omitted.map(({ path }) => path)).toEqual(
        turn > 3 ? ['turns[4].parts[0]', 'turns[5].parts[0]'] : [],
      );
      // The new message and the new reply, and the refusal when it first comes back as history.
      const asked = moderator.texts().slice(before);
      expect(asked.filter((text) => text !== refusals[0])).toEqual([said, `answer ${turn}`]);
    }
    const asked = moderator.texts();
    expect(asked).toHaveLength(new Set(asked).size);
    expect(guard.told.flagged).toHaveLength(1);
  });

  test.each<readonly [string, Turn]>([
    ['assistant', assistant('I said zorp')],
    ['user', user('I said zorp')],
    ['tool', { role: 'tool', parts: [{ text: 'result: zorp' }] }],
  ])('a forged older turn of the %s never reaches the model', async (_, forged) => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const turns = [user('hello'), forged, assistant('sure'), user('go on')];
    const came = await ask(form, guard, { turns }, generated);
    expect(came.delivery).toBe('delivered');
    expect(textOf(generated.generations[0]?.request ?? { turns: [] })).not.toMatch(/zorp/);
    expect(came.input?.omitted).toContainEqual({ path: 'turns[1].parts[0]' });
    expect(came.input?.action).toBe('allow');
    expect(guard.told.flagged).toEqual([]);
  });

  test('an assistant turn is judged by the moderators and the rules of the output', async () => {
    const input = scripted({ name: 'input', script: () => flag(['zorp']) });
    const output = scripted({ name: 'output' });
    const guard = watch({
      moderators: { input: [input], output: [output] },
      policy: { input: { categories: { zorp: 'ignore' } } },
    });
    const generated = model(reply('fine'));
    await ask(form, guard, chat('zorp', 'zorp again', 'go on'), generated);
    const sent = textOf(generated.generations[0]?.request ?? { turns: [] });
    expect(sent.split('\n')).toEqual(['zorp', '[removed]', 'go on']);
    expect(input.texts()).toEqual(['go on', 'zorp']);
    expect(output.texts()).toEqual(['zorp again', 'fine']);
  });

  test('a request that may not be rewritten is blocked', async () => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const came = await ask(form, guard, { ...chat('zorp', 'no', 'go on'), isSealed: true }, generated);
    expect(came).toMatchObject({ delivery: 'refused', input: { action: 'block', omitted: [] } });
    expect(generated.generations).toEqual([]);
  });

  test.each(['warn', 'review'] as const)('%s replaces nothing, and does not tell a second time', async (tier) => {
    const policy: Policy<'zorp' | 'blarg'> = { categories: { zorp: { [tier]: 'flag' } } };
    const guard = watch({ moderators: [scripted()], policy });
    const generated = model(reply('fine'));
    const request = chat('zorp', 'yes', 'go on');
    const came = await ask(form, guard, request, generated);
    expect(generated.generations[0]?.request).toEqual(request);
    expect(came.input).toMatchObject({ action: 'allow', omitted: [], findings: [] });
    expect(guard.told.flagged).toEqual([]);
  });

  test('log() replaces nothing', async () => {
    const guard = watch({ moderators: [scripted()], fallback: log({ logger: { warn: () => {} } }) });
    const generated = model(reply('fine'));
    const request = chat('zorp', 'zorp', 'go on');
    expect((await ask(form, guard, request, generated)).delivery).toBe('delivered');
    expect(generated.generations[0]?.request).toBe(request);
  });

  test('a request without a blocked turn is handed on as it is', async () => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const request = chat('hello', 'yes', 'go on');
    await ask(form, guard, request, generated);
    expect(generated.generations[0]?.request).toBe(request);
  });

  test('of a message of several parts only what is blocked is replaced', async () => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const turns: Turn[] = [
      { role: 'user', parts: [{ text: 'one' }, { text: 'zorp' }] },
      assistant('no'),
      user('go on'),
    ];
    await ask(form, guard, { turns }, generated);
    expect(textOf(generated.generations[0]?.request ?? { turns: [] }).split('\n')).toEqual([
      'one',
      '[removed]',
      '[removed]',
      'go on',
    ]);
  });

  test('where one verdict speaks for a whole message, all of it is replaced', async () => {
    const guard = watch({ moderators: [scripted({ reads: 'message' })] });
    const generated = model(reply('fine'));
    const turns: Turn[] = [
      { role: 'user', parts: [{ text: 'one' }, { text: 'zorp' }] },
      assistant('no'),
      user('go on'),
    ];
    const came = await ask(form, guard, { turns }, generated);
    expect(came.delivery).toBe('delivered');
    expect(textOf(generated.generations[0]?.request ?? { turns: [] })).not.toMatch(/zorp/);
  });

  test('where a whole message is too large to be judged, all of it is replaced', async () => {
    const script: Script = ({ message = [] }) => (message.length > 1 ? unsupported('too-large') : clear());
    const guard = watch({ moderators: [scripted({ reads: 'message', script })] });
    const generated = model(reply('fine'));
    const turns: Turn[] = [
      { role: 'user', parts: [{ text: 'glim' }, { text: 'glam' }] },
      assistant('no'),
      user('go on'),
    ];
    const came = await ask(form, guard, { turns }, generated);
    expect(came.delivery).toBe('delivered');
    expect(textOf(generated.generations[0]?.request ?? { turns: [] })).not.toMatch(/glim|glam/);
  });

  describe.each<readonly [string, readonly Turn[]]>([
    ['a text', [assistant('Sure,')]],
    ['an empty text', [assistant('')]],
    ['nothing at all', [{ role: 'assistant', parts: [] }]],
    ['two messages', [assistant('Sure,'), assistant('it is')]],
  ])('a beginning of the answer that is %s', (_, prefill) => {
    test('makes what the user says before it no older: it blocks, and is told', async () => {
      const guard = watch({ moderators: [scripted()] });
      const generated = model(reply('fine'));
      const turns = [user('hello'), assistant('yes'), user('zorp'), ...prefill];
      const came = await ask(form, guard, { turns }, generated);
      expect(came).toMatchObject({
        delivery: 'refused',
        input: { action: 'block', findings: [{ path: 'turns[2].parts[0]' }], omitted: [] },
      });
      expect(generated.generations).toEqual([]);
      expect(guard.told.flagged).toHaveLength(1);
    });

    test.each(['warn', 'review'] as const)('takes no %s from it', async (tier) => {
      const guard = watch({ moderators: [scripted()], policy: { categories: { zorp: { [tier]: 'flag' } } } });
      const generated = model(reply('fine'));
      const request: ChatRequest = { turns: [user('zorp'), ...prefill] };
      const came = await ask(form, guard, request, generated);
      expect(came).toMatchObject({ delivery: 'delivered', input: { action: tier } });
      expect(guard.told.flagged).toMatchObject([{ decision: { stage: 'input', action: tier } }]);
      expect(generated.generations[0]?.request).toBe(request);
    });
  });

  test('the beginning of the answer is judged by the rules of the output, what stands before it by those of the input', async () => {
    const guard = watch({
      moderators: [scripted()],
      policy: { input: { categories: { zorp: { warn: 'flag' } } }, output: { categories: { zorp: 'flag' } } },
    });
    const generated = model(reply('fine'));
    const came = await ask(form, guard, { turns: [user('zorp'), assistant('a zorp is')] }, generated);
    expect(came).toMatchObject({
      delivery: 'delivered',
      input: { action: 'warn', omitted: [{ path: 'turns[1].parts[0]' }] },
    });
    expect(textOf(generated.generations[0]?.request ?? { turns: [] }).split('\n')).toEqual(['zorp', '[removed]']);
  });

  test('the answer to a blocked message is replaced where the user said more before it, and up to what the user says next', async () => {
    const guard = watch({ moderators: [scripted()] });
    const generated = model(reply('fine'));
    const turns: Turn[] = [
      user('zorp'),
      user('more'),
      assistant('answer'),
      { role: 'tool', parts: [{ text: 'result' }] },
      assistant('answer of the result'),
      user('next'),
      assistant('kept'),
      user('hi'),
    ];
    const came = await ask(form, guard, { turns }, generated);
    expect(textOf(generated.generations[0]?.request ?? { turns: [] }).split('\n')).toEqual([
      '[removed]',
      'more',
      '[removed]',
      'result',
      '[removed]',
      'next',
      'kept',
      'hi',
    ]);
    expect(came.input?.omitted.map(({ path }) => path)).toEqual([0, 2, 4].map((turn) => `turns[${turn}].parts[0]`));
  });

  test('system messages are the developers own: not judged and never replaced', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    const generated = model(reply('fine'));
    const request: ChatRequest = { turns: [{ role: 'system', parts: [{ text: 'never say zorp' }] }, user('hello')] };
    expect((await ask(form, guard, request, generated)).delivery).toBe('delivered');
    expect(generated.generations[0]?.request).toBe(request);
    expect(moderator.texts()).not.toContain('never say zorp');
  });
});

test('What is new since the last answer is judged together: several messages and tool results', async () => {
  const guard = watch({ moderators: [scripted()] });
  const turns: Turn[] = [user('a'), assistant('b'), { role: 'tool', parts: [{ text: 'zorp' }] }, user('c')];
  const came = await ask('reply', guard, { turns }, model(reply('fine')));
  expect(came).toMatchObject({ delivery: 'refused', input: { findings: [{ path: 'turns[2].parts[0]' }] } });
});

test('A cold history goes as one batch', async () => {
  const moderator = scripted({ batch: { items: 100, characters: 100_000 } });
  const guard = watch({ moderators: [moderator] });
  const request = chat(...Array.from({ length: 11 }, (_, index) => `turn ${index}`));
  await ask('reply', guard, request, model(reply('fine')));
  expect(moderator.requests.map(({ items }) => items.length)).toEqual([11, 1]);
});

test('A check of a chat decides on what is new, and names what it would leave out', async () => {
  const guard = watch({ moderators: [scripted()] });
  const chatOf = (last: string): readonly { role: string; content: string }[] => [
    { role: 'user', content: 'zorp' },
    { role: 'assistant', content: 'no' },
    { role: 'user', content: last },
  ];
  const decision = await guard.check(chatOf('fine'));
  expect(decision).toMatchObject({ action: 'allow', findings: [] });
  expect(decision.omitted).toContainEqual({ path: 'content[0].content' });
  expect(guard.told.flagged).toEqual([]);
  expect((await guard.check(chatOf('blarg'))).findings).toMatchObject([{ path: 'content[2].content' }]);
});

test('A check of a chat that ends in the beginning of an answer decides on what the user says before it', async () => {
  const guard = watch({ moderators: [scripted()] });
  const decision = await guard.check([
    { role: 'user', content: 'zorp' },
    { role: 'assistant', content: '' },
  ]);
  expect(decision).toMatchObject({ action: 'block', findings: [{ path: 'content[0].content' }], omitted: [] });
  expect(guard.told.flagged).toHaveLength(1);
});

test("A developer's note at the very end makes nothing older that stands before it", async () => {
  const guard = watch({ moderators: [scripted()] });
  const decision = await guard.check([
    { role: 'user', content: 'zorp' },
    { role: 'assistant', content: '' },
    { role: 'system', content: 'Go on.' },
  ]);
  expect(decision).toMatchObject({ action: 'block', findings: [{ path: 'content[0].content' }], omitted: [] });
});

test('A scope decides what is judged; one that throws judges', async () => {
  const moderator: Scripted<'zorp' | 'blarg'> = scripted({ script: findWords });
  const run = async (guard: Watched<'zorp' | 'blarg'>): Promise<string> =>
    (await ask('reply', guard, chat('zorp'), model(reply('fine')))).delivery;
  const moderators: readonly Moderator<'zorp' | 'blarg'>[] = [moderator];
  expect(await run(watch({ moderators, input: { scope: () => false } }))).toBe('delivered');
  expect(
    await run(
      watch({
        moderators,
        input: {
          scope: () => {
            throw new Error('no');
          },
        },
      }),
    ),
  ).toBe('refused');
});
