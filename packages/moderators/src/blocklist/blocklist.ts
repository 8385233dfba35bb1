import { ConfigurationError, clear, failed, flag, unsupported } from '@chaperone/core';
import type { Item, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { isBounded } from './boundary.ts';
import { fingerprint } from '../fingerprint.ts';
import { createMatcher, type Matcher } from './matcher.ts';
import { normalise, type Readings } from './normalise.ts';

export interface BlocklistOptions<C extends string = 'blocklist'> {
  /** The category that a match is flagged in. Default `'blocklist'`. */
  readonly category?: C | undefined;
  /** Unique in a guard. Default `blocklist`, or `blocklist:` and the category where one is given. */
  readonly name?: string | undefined;
}

/** Changes with the way texts are compared: verdicts kept by an older version must not be used. */
const COMPARISON = 2;

const optionsSchema = z.strictObject({
  category: z.optional(z.string().check(z.regex(/^(?!\*$)[^]*\S/))),
  name: z.optional(z.string().check(z.regex(/\S/))),
});
const requirements = {
  category: "the name of a category, neither empty nor '*'",
  name: 'a text that is not empty',
};

/**
 * Flags texts that hold one of the terms, here and now: nothing is sent anywhere. Terms are words or phrases, in any
 * script; they are text, not patterns. A match has the score 1, and no report says which term it was.
 *
 * Case, width, accents, invisible characters and runs of white space make no difference, and characters drawn like
 * ASCII letters count as those. A term is not found inside a longer word, where its script separates words by spaces.
 *
 * Building takes time that grows with the terms, judging with the text; no text is slow.
 *
 * @throws ConfigurationError when there are no terms, when one is no text or empty, and when an option is unknown.
 */
export function blocklist<const C extends string = 'blocklist'>(
  terms: readonly string[],
  options: BlocklistOptions<C> = {},
): Moderator<C> {
  const given = readOptions('blocklist', optionsSchema, options, requirements);
  // Without the option C is its default, which the compiler cannot know here.
  const category = (options.category ?? 'blocklist') as C;
  const readings = readTerms(terms);
  const plain = new Set(readings.map((reading) => reading.plain));
  const hasPlain = createMatcher(plain);
  // A list that looks like nothing but itself, as one in ASCII, is one automaton.
  const hasImitated = readings.every((reading) => reading.plain === reading.imitated)
    ? hasPlain
    : createMatcher(new Set(readings.map((reading) => reading.imitated)));
  const scores: { [K in C]?: number } = {};
  scores[category] = 1;

  function judge(item: Item): Report<C> {
    const text = textOf(item);
    if (text === undefined) return unsupported('kind');
    const whole = normalise(text);
    const before = normalise(item.before ?? '');
    // What ends in the text before was judged with it, and may be half a word, cut off at its start.
    const finds = (has: Matcher, reading: keyof Readings): boolean =>
      has(whole[reading], (start, end) => end >= before[reading].length && isBounded(whole[reading], start, end));
    const sameAgain = hasPlain === hasImitated && whole.plain === whole.imitated;
    const found = finds(hasPlain, 'plain') || (!sameAgain && finds(hasImitated, 'imitated'));
    return found ? flag([category], scores) : clear();
  }

  return {
    name: given.name ?? (given.category === undefined ? 'blocklist' : `blocklist:${category}`),
    revision: fingerprint(JSON.stringify([COMPARISON, category, [...plain].toSorted()])),
    categories: [category],
    span: [...plain].reduce((longest, term) => Math.max(longest, term.length), 0),
    inProcess: true,
    // The limits only keep one turn of the event loop short.
    batch: { items: 1000, characters: 1_000_000 },
    async moderate(items, { signal }) {
      return items.map((item) => (signal.aborted ? failed('aborted') : judge(item)));
    },
  };
}

function readTerms(terms: unknown): readonly Readings[] {
  if (!Array.isArray(terms)) throw new ConfigurationError('blocklist.terms', 'must be a list of terms');
  if (terms.length === 0) throw new ConfigurationError('blocklist.terms', 'is empty: such a list would block nothing');
  // `Array.from` visits holes, which `map` would leave out.
  return Array.from(terms, (term: unknown, index) => {
    const path = `blocklist.terms[${index}]`;
    if (typeof term !== 'string') throw new ConfigurationError(path, 'must be a text');
    const { plain, imitated } = normalise(term);
    if (plain.trim() === '') throw new ConfigurationError(path, 'holds nothing that could be found');
    return { plain: plain.trim(), imitated: imitated.trim() };
  });
}
