import { createGuard, type Guard } from '@chaperone/core';
import assert from 'node:assert/strict';
import { fakeModerator } from '../moderator/fake-moderator.ts';
import { findTest, type TestFunction } from '../test-function.ts';
import type { HistoryKit } from './kit.ts';

const FLAGGED_WORD = 'zorp';

/** Registers the cases that everything passes which reads chats for `guard.clean`, as a part of an adapter or by itself. */
export function testHistoryAdapter<Request>(
  kit: HistoryKit<Request>,
  options: {
    /** Default: the global `test`. */
    readonly test?: TestFunction;
  } = {},
): void {
  const register = findTest('testHistoryAdapter', options.test);
  const { adapter } = kit;

  register('reads every turn of a request, with its role', async () => {
    const { messages } = adapter.readRequest(kit.request(['one', 'two', 'three']));
    const turns = messages.filter(({ role }) => role !== 'system');
    assert.deepEqual(
      turns.map(({ role, segments }) => [role, segments.map(({ text }) => text).join('')]),
      [
        ['user', 'one'],
        ['assistant', 'two'],
        ['user', 'three'],
      ],
    );
    const paths = messages.flatMap(({ segments }) => segments.map(({ path }) => path));
    assert.equal(new Set(paths).size, paths.length, 'two segments of a request have the same path');
  });

  register('takes an older flagged turn and its answer out of a kept chat', async () => {
    const chat = kit.request([`Tell me of the ${FLAGGED_WORD}.`, 'I shall keep silent.', 'What grows by the sea?']);
    const before = kit.textsOfRequest(chat);
    const { request, decision } = await marking().clean(adapter, chat);
    const kept = kit.textsOfRequest(request).join('\n');
    assert.ok(!kept.includes(FLAGGED_WORD), 'the flagged turn is still there');
    assert.ok(!kept.includes('silent'), 'the answer to the flagged turn is still there');
    assert.ok(kept.includes('What grows by the sea?'), 'the latest turn is gone');
    assert.equal(decision.omitted.length, 2);
    assert.deepEqual(kit.textsOfRequest(chat), before, 'the chat that was handed in was changed');
  });

  register('leaves a kept chat as it is where there is nothing to take out', async () => {
    const chat = kit.request(['What grows by the sea?', 'Sea holly.', `And what is a ${FLAGGED_WORD}?`]);
    const { request, decision } = await marking().clean(adapter, chat);
    assert.ok(Object.is(request, chat), 'the chat is another than was handed in'); // the new turn is for the call to judge
    assert.equal(decision.action, 'allow');
    assert.deepEqual(decision.omitted, []);
  });
}

function marking(): Guard {
  return createGuard({ moderators: [fakeModerator({ flags: { [FLAGGED_WORD]: 'marked' } })] });
}
