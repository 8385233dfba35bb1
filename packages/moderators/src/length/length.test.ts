import { createGuard, isConfigurationError } from '@chaperone/core';
import { testModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { length } from '../index.ts';

const guard = createGuard({ moderators: [length({ most: 10 })] });

test('A message of as many characters as are allowed is clear, one more is flagged', async () => {
  expect((await guard.check('a'.repeat(10))).action).toBe('allow');
  expect((await guard.check('a'.repeat(11))).findings).toMatchObject([{ category: 'length', moderator: 'length' }]);
});

test('The parts of a message count together, those of two messages do not', async () => {
  const part = { type: 'text', text: 'abcdef' } as const;
  expect((await guard.check([{ role: 'user', content: [part, part] }])).action).toBe('block');
  const message = { role: 'user', content: [part] };
  expect((await guard.check([message, message])).action).toBe('allow');
});

test('A streamed reply counts as a whole', async () => {
  const short = createGuard({ moderators: [length({ most: 200 })] });
  const stream = short.wrap(async function* () {
    for (let index = 0; index < 50; index += 1) yield 'A sentence. ';
  });
  const pieces: string[] = [];
  for await (const piece of stream([{ role: 'user', content: 'hi' }])) pieces.push(piece);
  expect(pieces.join('')).not.toContain('A sentence.');
});

test.each([{}, { most: 0 }, { most: 1.5 }, { most: '10' }])('%j is refused', (options) => {
  try {
    length(options as { most: number });
    expect.unreachable();
  } catch (error) {
    expect(isConfigurationError(error) && error.message).toContain('length.most must be a whole number');
  }
});

describe('as a moderator', () => {
  testModerator(length({ most: 30 }), {
    flagged: 'A sentence of more than thirty characters.',
    clear: 'A short one.',
    test,
  });
});
