import { createGuard } from '@chaperone/core';
import { testModerator } from '@chaperone/testing';
import { expect, test } from 'vitest';
import { cardNumbers } from '../src/card-numbers.ts';

testModerator(cardNumbers(), { flagged: 'My card is 4111 1111 1111 1111.', clear: 'My card is new.', test });

test.for([
  ['4111111111111111', 'block'],
  ['4111-1111-1111-1111', 'block'],
  ['4111 1111 1111 1112', 'allow'],
  ['order 12345', 'allow'],
] as const)('of %s it says %s', async ([text, action]) => {
  const guard = createGuard({ moderators: [cardNumbers()] });
  expect((await guard.check(text)).action).toBe(action);
});

test('a number that comes digit by digit never leaves', async () => {
  const guard = createGuard({ moderators: [cardNumbers()] });
  const text = 'Here it is, as you asked me to say it in full, with nothing left out of it: 4111 1111 1111 1111. Done.';
  const stream = guard.wrap(async function* () {
    yield* text;
  })([{ role: 'user', content: 'hi' }]);
  let came = '';
  for await (const piece of stream) came += piece;
  expect(came).not.toContain('4111');
  expect(came).toMatch(/^Here it is/);
});
