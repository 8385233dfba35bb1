import { describe, expect, test } from 'vitest';
import { clear, failed, type Policy, type PlacedVerdict } from '../src/index.ts';
import { ask, FORMS, model, texts, watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';
import { chat, reply } from './support/protocol.ts';

type Name = 'zorp' | 'blarg';
const CALM: Policy<Name> = { categories: { '*': 'ignore' } };
const STERN: Policy<Name> = { version: 'stern', categories: { zorp: 'flag', blarg: { review: 'flag' } } };

const namesOf = (verdicts: readonly PlacedVerdict[]): readonly string[] => verdicts.map(({ moderator }) => moderator);

describe.each(FORMS)('A shadow policy, with a %s', (form) => {
  test('that would block changes nothing that the caller sees, and is told', async () => {
    const guard = watch({ moderators: [scripted()], policy: CALM, shadow: STERN });
    const came = await ask(form, guard, chat('a zorp'), model(reply('a zorp too, and a blarg')));
    expect(texts(came.reply)).toEqual(['a zorp too, and a blarg']);
    expect(came).toMatchObject({ delivery: 'delivered', attempts: 1 });
    expect(guard.told.shadowed).toMatchObject([
      { shadow: { action: 'block', policyVersion: 'stern' }, decision: { stage: 'input', action: 'allow' } },
      { shadow: { action: 'block', policyVersion: 'stern' }, decision: { stage: 'output', action: 'allow' } },
    ]);
    expect(guard.told.shadowed[1]?.shadow.findings).toMatchObject([
      { category: 'zorp', action: 'block' },
      { category: 'blarg', action: 'review' },
    ]);
    expect(guard.told.flagged).toEqual([]);
  });

  test('that would let pass what the policy blocks saves nothing, and is told', async () => {
    const guard = watch({ moderators: [scripted()], policy: STERN, shadow: CALM });
    const came = await ask(form, guard, chat('hello'), model(reply('a zorp')));
    expect(came.delivery).toBe('refused');
    expect(guard.told.shadowed).toMatchObject([{ shadow: { action: 'allow' }, decision: { action: 'block' } }]);
  });

  test('is decided on the same verdicts: nobody is asked twice', async () => {
    const moderator = scripted();
    const [plain, shadowed] = [{}, { shadow: STERN }].map((more) =>
      watch({ moderators: [moderator], policy: CALM, moderation: { cache: false }, ...more }),
    );
    await ask(form, plain!, chat('a zorp'), model(reply('a blarg')));
    const alone = moderator.requests.length;
    await ask(form, shadowed!, chat('a zorp'), model(reply('a blarg')));
    expect(moderator.requests).toHaveLength(2 * alone);
  });

  test('has nothing to tell where neither would do anything', async () => {
    const guard = watch({ moderators: [scripted()], policy: CALM, shadow: STERN });
    await ask(form, guard, chat('hello'), model(reply('a lake')));
    expect(guard.told.shadowed).toEqual([]);
    expect(guard.told.settled).toHaveLength(1);
  });
});

test('A shadow policy meets the unchecked as the policy does', async () => {
  const broken = scripted({ name: 'broken', script: () => failed('denied') });
  const guard = watch({ moderators: [broken, scripted()], policy: CALM, shadow: STERN, whenUnchecked: 'block' });
  const decision = await guard.check('a blarg');
  expect(namesOf(decision.verdicts)).toEqual(['broken', 'words']);
  expect(guard.told.shadowed).toMatchObject([{ shadow: { action: 'block' }, decision: { action: 'block' } }]);
});

test('A shadow policy can be measured by its scores: each decision tells the findings that it would have had', async () => {
  const moderator = scripted({ script: ({ segment: { text } }) => clear({ zorp: Number(text) }) });
  const guard = watch({
    moderators: [moderator],
    policy: { categories: { zorp: 0.9 } },
    shadow: { categories: { zorp: 0.4 } },
  });
  for (const score of ['0.3', '0.4', '0.95']) await guard.check(score);
  expect(guard.told.shadowed.map(({ shadow, decision }) => [shadow.action, decision.action])).toEqual([
    ['block', 'allow'],
    ['block', 'block'],
  ]);
});
