import { expect, test } from 'vitest';
import { createGuard, isConfigurationError, log, retry } from '../src/index.ts';
import { scripted } from './support/moderators.ts';

test('It says what is in force, category by category, and where that was said', () => {
  const guard = createGuard({
    moderators: { input: [scripted()], output: [scripted({ name: 'other', categories: ['zorp'] })] },
    policy: {
      version: 'v1',
      categories: { zorp: 0.5 },
      output: { categories: { zorp: { block: 0.9 } } },
      moderators: { words: { blarg: 'ignore' } },
    },
    output: { fallback: retry({ maxRetries: 2 }) },
  });
  const { version, input, output, timing, whenUnchecked } = guard.explain();
  expect({ version, timing }).toEqual({ version: 'v1', timing: 'before' });
  expect(whenUnchecked).toEqual({ failed: 'block', unsupported: 'allow', 'too-large': 'block' });
  expect(input.rules).toEqual([
    { moderator: 'words', category: 'zorp', rule: 0.5, from: 'categories.zorp' },
    { moderator: 'words', category: 'blarg', rule: 'ignore', from: 'moderators.words.blarg' },
    { moderator: 'words', category: '*', rule: 'flag', from: 'default' },
  ]);
  expect(output.rules).toEqual([
    { moderator: 'other', category: 'zorp', rule: { block: 0.9 }, from: 'output.categories.zorp' },
    { moderator: 'other', category: '*', rule: 'flag', from: 'default' },
  ]);
  expect(output).toMatchObject({ moderators: ['other'], waits: true, retries: 2, requestsPerSegment: 1 });
  expect(input).toMatchObject({ waits: true, retries: 0 });
});

test('It says what nobody judges', () => {
  const { input } = createGuard({ moderators: [scripted(), scripted({ name: 'eyes', kinds: ['image'] })] }).explain();
  expect(input.unjudged).toEqual(['audio', 'video', 'file']);
  expect(input.requestsPerSegment).toBe(2);
});

test('It explains the policy of a context', () => {
  const guard = createGuard({
    moderators: [scripted()],
    policy: ({ tenant }) => (tenant === 'bad' ? { categories: { zorp: 75 } } : { version: `for ${tenant}` }),
  });
  expect(guard.with({ tenant: 'a' }).explain().version).toBe('for a');
  expect(guard.with({ tenant: 'a' }).explain({ tenant: 'b' }).version).toBe('for b');
  expect(() => guard.explain({ tenant: 'bad' })).toThrow(expect.toSatisfy(isConfigurationError));
});

test('It says what could be missed, and prints as a table', () => {
  const guard = createGuard({
    moderators: { input: [scripted()], output: [] },
    input: { timing: 'during' },
    output: { fallback: log() },
  });
  const effective = guard.explain();
  const notes = effective.notes.join('\n');
  expect(notes).toMatch(/during/);
  expect(notes).toMatch(/nothing is blocked/);
  expect(effective.output).toMatchObject({ moderators: [], unjudged: expect.arrayContaining(['text', 'tool-input']) });
  const printed = String(effective);
  for (const word of ['zorp', 'blarg', 'words', 'image', 'input: 1 request(s)', effective.version])
    expect(printed).toContain(word);
});
