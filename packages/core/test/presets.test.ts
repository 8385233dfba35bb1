import { describe, expect, test } from 'vitest';
import { balanced, clear, flag, graded, strict, ugc, type Action, type Policy } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';

/** What a preset makes of a score, and of the same score with a flag. */
async function actionsOf(preset: Policy<never>, score: number): Promise<readonly [plain: Action, flagged: Action]> {
  const check = async (report: unknown): Promise<Action> =>
    (await watch({ moderators: [scripted({ script: () => report })], policy: preset }).check('text')).action;
  return [await check(clear({ zorp: score })), await check(flag(['zorp'], { zorp: score }))];
}

const PRESETS = { strict, balanced, graded, ugc };

describe.each<[keyof typeof PRESETS, readonly (readonly [score: number, plain: Action, flagged: Action])[]]>([
  [
    'strict',
    [
      [0, 'allow', 'review'],
      [0.0999, 'allow', 'review'],
      [0.1, 'block', 'block'],
      [1, 'block', 'block'],
    ],
  ],
  [
    'balanced',
    [
      [0, 'allow', 'block'],
      [0.4999, 'allow', 'block'],
      [0.5, 'review', 'block'],
      [1, 'review', 'block'],
    ],
  ],
  [
    'graded',
    [
      [0.4999, 'allow', 'allow'],
      [0.5, 'warn', 'warn'],
      [0.7999, 'warn', 'warn'],
      [0.8, 'review', 'review'],
      [0.9499, 'review', 'review'],
      [0.95, 'block', 'block'],
      [1, 'block', 'block'],
    ],
  ],
  [
    'ugc',
    [
      [0.6999, 'allow', 'allow'],
      [0.7, 'review', 'review'],
      [0.8999, 'review', 'review'],
      [0.9, 'block', 'block'],
    ],
  ],
])('The preset %s', (name, table) => {
  const preset = PRESETS[name];

  test.each(table)('at %d: %s, and with a flag %s', async (score, plain, flagged) => {
    expect(await actionsOf(preset, score)).toEqual([plain, flagged]);
  });

  test('does the same at both stages, and blocks a flag that comes without a score', async () => {
    const guard = watch({ moderators: [scripted()], policy: preset });
    for (const stage of ['input', 'output'] as const)
      expect((await guard.check('a zorp', { stage })).action, stage).toBe('block');
    expect((await guard.check('a lake')).action).toBe('allow');
  });

  test('is data that can be stored, names itself in decisions, and fits any moderator', async () => {
    expect(JSON.parse(JSON.stringify(preset))).toEqual(preset);
    const guard = watch({ moderators: [scripted({ name: 'other', categories: ['something'] })], policy: preset });
    expect((await guard.check('a lake')).policyVersion).toBe(name);
  });
});
