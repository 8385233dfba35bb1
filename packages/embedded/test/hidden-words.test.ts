import { describe, expect, test } from 'vitest';
import { embedded } from '../src/index.ts';
import { normalise } from '../src/text/normalise.ts';
import { wordsOf } from '../src/text/words.ts';
import { ATTACKS } from '../train/attacks.ts';

const harassmentIn = async (text: string): Promise<number> => (await embedded().explain(text)).scores.harassment;

const plainly = 'You are such a stupid idiot and a pathetic loser.';

test.each(Object.entries(ATTACKS))('an insult is seen under: %s', async (_, attack) => {
  expect(await harassmentIn(attack(plainly))).toBeGreaterThan(0.5);
});

test.each(Object.entries(ATTACKS))('a friendly text stays one under: %s', async (_, attack) => {
  expect(await harassmentIn(attack('The weather is lovely and your garden looks wonderful today.'))).toBeLessThan(0.2);
});

describe('words are read', () => {
  test.each<[string, string, readonly string[]]>([
    ['in lower case', 'Hello World', ['hello', 'world']],
    ['with their apostrophe', "don't ‘stop’", ["don't", 'stop']],
    ['in digits that spell letters', 'z0rp z0r9 sh1p', ['zorp', 'zor9', 'ship']],
    ['in signs that spell letters', '$orp zo@rp z!orp', ['sorp', 'zoarp', 'ziorp']],
    ['letter by letter', 'a z o r p!', ['azorp', '!']],
    ['with a mask', 'z*rp z##p', ['z*rp', 'z**p']],
    ['with repeated letters, at most two', 'zooooorp', ['zoorp']],
    ['and figures as one kind', '12 3rd 4pm 1000', ['<figure>', '<figure>', '<figure>', '<figure>']],
    ['and names that are called', '@somebody said', ['<name>', 'said']],
    ['and addresses', 'see https://example.test/zorp', ['see', '<address>']],
    ['and emoji one by one', 'ok🙂🙂', ['ok', '🙂', '🙂']],
    ['and emoji that stand for a word as that word', 'you 🐍 🗡️ 👵', ['you', 'snake', 'knife', 'old', 'woman']],
    ['and flags as their country', '🇩🇪🇫🇷 🇩', ['germany', 'france', '🇩']],
    ['and questions', 'zorp? "blip"', ['zorp', '?', '"', 'blip', '"']],
  ])('%s', (_, text, words) => {
    expect(wordsOf(normalise(text))).toEqual(words);
  });
});
