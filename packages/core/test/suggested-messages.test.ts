import { expect, test } from 'vitest';
import { clear, flag, type GuardOptions, type Moderator } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';

const suggesting = (name: string, message: string, report: object = flag(['zorp'])) =>
  scripted({ name, script: () => ({ ...report, message }) });
const messageWith = async (moderators: readonly Moderator[], options: Partial<GuardOptions> = {}): Promise<string> =>
  (await watch<Moderator>({ moderators, ...options }).check('text')).message;

test.each<[string, Partial<GuardOptions>]>([
  ['no message', {}],
  ['one text', { message: 'Ours.' }],
  ['a table', { message: { input: { zorp: 'Ours.' } } }],
])('What a moderator suggests is said where its finding blocks: with %s', async (_, options) => {
  expect(await messageWith([suggesting('one', 'Theirs.')], options)).toBe('Theirs.');
});

test('A function gets what was suggested, and has the last word', async () => {
  const message: GuardOptions['message'] = ({ message: suggested }) => `${suggested} And ours.`;
  expect(await messageWith([suggesting('one', 'Theirs.')], { message })).toBe('Theirs. And ours.');
});

test('What a moderator suggests is not said where it does not block', async () => {
  const calm = suggesting('calm', 'Calm.', clear());
  expect(await messageWith([calm])).toBe('');
  expect(await messageWith([calm, scripted()], { message: 'Ours.' })).toBe('');
  expect(
    await messageWith([suggesting('warned', 'W.')], {
      policy: { categories: { zorp: { warn: 'flag' } } },
      message: 'Ours.',
    }),
  ).not.toBe('W.');
  const stern = scripted({ name: 'stern', script: () => flag(['blarg']) });
  expect(await messageWith([calm, stern], { message: 'Ours.' })).toBe('Ours.');
});
