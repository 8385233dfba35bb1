import type { CategoryOf, Item, Segment } from '@chaperone/core';
import { expect, expectTypeOf, test } from 'vitest';
import { fakeModerator, testModerator } from '../index.ts';
import { moderateOptions } from './moderate-options.ts';

const item = (text: string, more: Partial<Item> = {}): Item => ({
  segment: { kind: 'text', role: 'user', path: 'text', text },
  stage: 'input',
  ...more,
});

test('flags a text that contains a flagged word', async () => {
  const moderator = fakeModerator({ flags: { zorp: 'violence', blip: 'spam' } });
  expect(await moderator.moderate([item('a zorp and a blip'), item('fine')], moderateOptions())).toEqual([
    { status: 'flagged', flagged: ['violence', 'spam'], scores: {} },
    { status: 'clear', flagged: [], scores: {} },
  ]);
});

test('lists the categories of its words and others, in the type too', () => {
  const moderator = fakeModerator({ flags: { zorp: 'violence', bloop: 'violence' }, categories: ['harassment'] });
  expect(moderator.categories).toEqual(['violence', 'harassment']);
  expectTypeOf<CategoryOf<typeof moderator>>().toEqualTypeOf<'violence' | 'harassment'>();
  expect(fakeModerator().categories).toEqual([]);
});

test('gives scores and names its model', async () => {
  const moderator = fakeModerator({
    categories: ['violence'],
    scores: (text) => ({ violence: text.length / 10, unlisted: 1 }),
    model: 'fake-2',
  });
  expect(await moderator.moderate([item('12345')], moderateOptions())).toEqual([
    { status: 'clear', flagged: [], scores: { violence: 0.5, unlisted: 1 }, model: 'fake-2' },
  ]);
});

test('reads what stands before, and whole messages', async () => {
  const moderator = fakeModerator({ flags: { zorp: 'violence' } });
  const segment = (text: string): Segment => ({ kind: 'text', role: 'user', path: text, text });
  const [split, message] = await moderator.moderate(
    [item('rp', { before: 'a zo' }), item('fine', { message: [segment('fine'), segment('zorp')] })],
    moderateOptions(),
  );
  expect([split?.status, message?.status]).toEqual(['flagged', 'flagged']);
  expect(moderator.texts).toEqual(['a zorp', 'fine\nzorp']);
});

test('does not cover kinds that it does not name', async () => {
  const moderator = fakeModerator({ flags: { 'a.png': 'violence' }, kinds: ['image'] });
  const image: Segment = { kind: 'image', role: 'user', path: 'image', image: new URL('https://example.test/a.png') };
  expect(await moderator.moderate([item('a.png'), item('', { segment: image })], moderateOptions())).toMatchObject([
    { status: 'unsupported', reason: 'kind' },
    { status: 'flagged' },
  ]);
});

test('remembers what it was asked', async () => {
  const moderator = fakeModerator({ delay: 20 });
  const items = [item('one')];
  const call = moderator.moderate(items, moderateOptions({ context: { user: 'u' } }));
  expect(moderator.calls).toMatchObject([{ items, texts: ['one'], context: { user: 'u' }, outcome: 'open' }]);
  await call;
  expect(moderator.calls[0]).toMatchObject({ outcome: 'answered', signal: { aborted: false } });
});

test('takes its time, and ends at once when aborted', async () => {
  const moderator = fakeModerator({ delay: () => 5_000 });
  const controller = new AbortController();
  const begun = performance.now();
  const call = moderator.moderate([item('x')], moderateOptions({ signal: controller.signal }));
  controller.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  expect(performance.now() - begun).toBeLessThan(1_000);
  expect(moderator.calls[0]?.outcome).toBe('aborted');
});

test('goes on when aborted if told to', async () => {
  const moderator = fakeModerator({ delay: 5, ignoresAbort: true });
  await expect(moderator.moderate([item('x')], moderateOptions({ signal: AbortSignal.abort() }))).resolves.toHaveLength(
    1,
  );
});

test('fails as it is told: a reason, a throw, a wrong answer', async () => {
  const moderator = fakeModerator({ fails: 'unavailable' });
  const ask = (): Promise<unknown> => moderator.moderate([item('x'), item('y')], moderateOptions());
  const report = { status: 'failed', reason: 'unavailable' };
  expect(await ask()).toEqual([report, report]);
  moderator.fail('throws', { times: 1 });
  await expect(ask()).rejects.toThrow(/told to throw/);
  expect(await ask()).toMatchObject([{ status: 'clear' }, { status: 'clear' }]);
  moderator.fail(() => ({ no: 'list' }));
  expect(await ask()).toEqual({ no: 'list' });
  moderator.recover();
  expect(await ask()).toMatchObject([{ status: 'clear' }, { status: 'clear' }]);
  expect(moderator.calls.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'answered', 'failed', 'answered']);
});

test('hangs until it is aborted', async () => {
  const moderator = fakeModerator({ fails: 'hangs' });
  const call = moderator.moderate([item('x')], moderateOptions({ signal: AbortSignal.timeout(20) }));
  await expect(call).rejects.toThrow(/timeout/);
});

const samples = { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test };
testModerator(fakeModerator({ flags: { zorp: 'violence' } }), samples);
