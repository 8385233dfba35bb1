/** The longest text that is taken from a service for a user to read. */
const MOST_CHARACTERS = 10_000;

/** Controls, save tabs and line ends, and what turns the direction of writing: nothing that a sentence needs. */
const UNWRITTEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text for people, without what could act on a terminal or a page; undefined where nothing is left of it. */
export function plainText(text: string): string | undefined {
  const plain = text
    .replaceAll('\r\n', '\n')
    .replace(UNWRITTEN, (sign) => (sign === '\n' || sign === '\t' ? sign : ''))
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
    .trim();
  return plain === '' ? undefined : plain;
}
