import { describe, expect, test } from 'vitest';
import { log, plainChat } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';

const chat = [
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'Good day.' },
  { role: 'user', content: 'a zorp' },
  { role: 'assistant', content: 'Hush.' },
  { role: 'user', content: 'What grows?' },
];

describe('guard.clean', () => {
  test('takes what the policy would block, and the answer that it got, out of older turns', async () => {
    const guard = watch({ moderators: [scripted()] });
    const { request, decision } = await guard.clean(plainChat, chat);
    expect(request.map(({ content }) => content)).toEqual([
      'hello',
      'Good day.',
      '[removed]',
      '[removed]',
      'What grows?',
    ]);
    expect(decision).toMatchObject({
      action: 'allow',
      omitted: [{ path: 'messages[2].content' }, { path: 'messages[3].content' }],
    });
    expect(guard.told.flagged).toEqual([]);
    expect(guard.told.settled).toMatchObject([{ call: 'check', delivery: 'delivered', attempts: 0 }]);
  });

  test('gives the very chat where nothing is to be taken out, and judges no new turn', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    const clean = [...chat.slice(0, 2), { role: 'user', content: 'a zorp' }];
    expect((await guard.clean(plainChat, clean)).request).toBe(clean);
    expect(moderator.requests.length).toBeGreaterThan(0);
    expect(JSON.stringify(moderator.requests)).not.toContain('zorp');
  });

  test('costs nothing for what was judged before', async () => {
    const moderator = scripted();
    const guard = watch({ moderators: [moderator] });
    await guard.clean(plainChat, chat);
    const { length } = moderator.requests;
    expect(length).toBeGreaterThan(0);
    await guard.clean(plainChat, chat);
    expect(moderator.requests).toHaveLength(length);
  });

  test('says that it blocks where nothing can be taken out', async () => {
    const guard = watch({ moderators: [scripted()] });
    const signed = { ...plainChat, rewriteRequest: () => undefined };
    const { request, decision } = await guard.clean(signed, chat);
    expect(request).toBe(chat);
    expect(decision).toMatchObject({ action: 'block', omitted: [] });
  });

  test('says what could not be checked, and leaves it in', async () => {
    const guard = watch({ moderators: [scripted()] });
    const unreadable = {
      ...plainChat,
      readRequest: () => {
        throw new TypeError('no chat');
      },
    };
    expect(await guard.clean(unreadable, chat)).toMatchObject({
      request: chat,
      decision: { unchecked: [{ reason: 'failed' }] },
    });
  });

  test('takes nothing out where the guard only logs', async () => {
    const guard = watch({ moderators: [scripted()], fallback: log({ logger: { warn: () => {} } }) });
    expect((await guard.clean(plainChat, chat)).request).toBe(chat);
  });
});
