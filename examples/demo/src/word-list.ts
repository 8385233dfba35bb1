import { cuss } from 'cuss';
import type { Assessment } from '@chaperone/testing';

/** Invented, so that the scenes need no real insult: one that is to be blocked, and one that is only to be mentioned. */
export const MARKER = 'zorp';
export const MILD_MARKER = 'zorple';

/** The most words that an entry has. */
const LONGEST = Math.max(...Object.keys(cuss).map((term) => term.split(' ').length));

/** How sure the list is, 0 to 2, that a word is meant as profanity. At 0 it seldom is, so such words do not count. */
const SUREST = 2;

/** From which score on the server says "flagged" itself, as a moderation model would. */
const FLAGGED = 0.9;

/**
 * What the word list finds in a text. `harassment`: an entry of cuss, with its sureness as the score (1 or 0.5).
 * `violence`: an invented word of this demo. A list of words knows neither what is meant nor who is meant.
 */
export function assess(text: string): Assessment {
  const terms = termsOf(text);
  const harassment = Math.max(0, ...terms.map((term) => (Object.hasOwn(cuss, term) ? (cuss[term] ?? 0) : 0))) / SUREST;
  const violence = terms.includes(MARKER) ? 0.9 : terms.includes(MILD_MARKER) ? 0.4 : 0;
  const scores = { harassment, violence };
  return { flagged: Object.entries(scores).flatMap(([category, score]) => (score >= FLAGGED ? category : [])), scores };
}

/** Every run of words that could be an entry. */
function termsOf(text: string): readonly string[] {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}'@$*]+/gu) ?? [];
  return words.flatMap((_, start) =>
    Array.from({ length: Math.min(LONGEST, words.length - start) }, (_, more) =>
      words.slice(start, start + more + 1).join(' '),
    ),
  );
}
