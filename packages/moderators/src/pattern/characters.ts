import type { CharacterTest, PlaceTest } from './program.ts';

/**
 * The test for one place of a pattern, made of its own source: what a class or an escape means is left to the platform.
 */
export function characterTest(source: string, flags: string): CharacterTest {
  const expression = new RegExp(`^(?:${source})$`, flags.replaceAll(/[^iusv]/g, ''));
  const test = (character: number): boolean => expression.test(String.fromCodePoint(character));
  const ascii = Uint8Array.from({ length: 128 }, (_, character) => Number(test(character)));
  return (character) => (character < 128 ? ascii[character] === 1 : test(character));
}

/** Whether a letter of a word, as `\b` understands it, stands at a place. */
export function isWordAt(flags: string): PlaceTest {
  const test = characterTest(String.raw`\w`, flags);
  return (text, at) => at >= 0 && at < text.length && test(text.charCodeAt(at));
}
