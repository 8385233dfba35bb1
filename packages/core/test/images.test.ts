import { describe, expect, test } from 'vitest';
import { clear, firstAvailable, flag, type ContentPart, type Item, type SegmentKind } from '../src/index.ts';
import { watch } from './support/guards.ts';
import { scripted } from './support/moderators.ts';

const text = (words: string): ContentPart => ({ type: 'text', text: words });
const image = (name: string): ContentPart => ({ type: 'image', image: `https://example.test/${name}.png` });
const MESSAGE = { role: 'user', content: [text('one'), image('a'), text('two'), image('b')] };

const kinds: readonly SegmentKind[] = ['text', 'image'];
const batch = { items: 64, characters: 10_000 };
const script = ({ segment }: Item) =>
  segment.image instanceof URL && segment.image.href.includes('/b.') ? flag(['zorp']) : clear();
const shownWith = ({ segment, message = [] }: Item) => ({
  asked: segment.text ?? String(segment.image),
  words: message.flatMap((each) => each.text ?? []),
});

describe('An image', () => {
  test('is asked about with the words of its message, in a request of its own; texts go together without it', async () => {
    const moderator = scripted({ kinds, batch, script });
    const decision = await watch({ moderators: [moderator] }).check([MESSAGE]);
    expect(moderator.requests.map(({ items }) => items.map(shownWith))).toEqual([
      [
        { asked: 'one', words: [] },
        { asked: 'two', words: [] },
      ],
      [{ asked: 'https://example.test/a.png', words: ['one', 'two'] }],
      [{ asked: 'https://example.test/b.png', words: ['one', 'two'] }],
    ]);
    expect(decision.findings).toMatchObject([{ category: 'zorp', path: 'content[0].content[3]' }]);
    expect(decision.unchecked).toEqual([]);
  });

  test('is asked about in the same way by a moderator that is made of others', async () => {
    const moderator = scripted({ kinds, batch, script });
    await watch({ moderators: [firstAvailable([moderator])] }).check([
      { role: 'user', content: [text('one'), image('a')] },
    ]);
    expect(moderator.requests.flatMap(({ items }) => items.map(shownWith))).toContainEqual({
      asked: 'https://example.test/a.png',
      words: ['one'],
    });
  });

  test('is not asked of a moderator of texts, and is told as unsupported', async () => {
    const moderator = scripted();
    const decision = await watch({ moderators: [moderator] }).check([MESSAGE]);
    expect(moderator.texts()).toEqual(['one', 'two']);
    expect(decision).toMatchObject({ action: 'allow' });
    expect(decision.unchecked).toEqual([
      { path: 'content[0].content[1]', reason: 'unsupported' },
      { path: 'content[0].content[3]', reason: 'unsupported' },
    ]);
  });
});
