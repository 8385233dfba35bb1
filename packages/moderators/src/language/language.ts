import { clear, ConfigurationError, flag, unsupported, type Item, type Moderator, type Report } from '@chaperone/core';
import { francAll } from 'franc-min';
import * as z from 'zod/mini';
import { categoryName, someText } from '../http/options.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { canonical, LANGUAGES } from './languages.ts';

export interface LanguageOptions<C extends string = 'language'> {
  /** Texts of fewer letters are let pass: nobody could tell. Default 40. */
  readonly least?: number | undefined;
  /** The category that other languages are flagged in. Default `'language'`. */
  readonly category?: C | undefined;
  /** Unique in a guard. Default `language`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  least: z.optional(z.number().check(z.int(), z.minimum(10))),
  category: z.optional(categoryName),
  name: z.optional(someText),
});
const requirements = {
  least: 'a whole number of letters from 10',
  category: "the name of a category, neither empty nor '*'",
  name: 'a text that is not empty',
};

/** An allowed language that is so close to the likeliest one may be it: related languages come within it. */
const MARGIN = 0.1;

/** What the library looks at, at the most: its own limit. */
const MOST_CHARACTERS = 2_048;

/**
 * Flags texts that are in none of the languages that are allowed, here and now: nothing is sent anywhere. It compares
 * trigrams (franc-min, 82 languages), which needs a sentence or two; what is shorter, or may well be an allowed language,
 * is let pass. The score says how much less likely the likeliest allowed language is than the likeliest of all.
 *
 * @param languages - BCP 47 tags such as `en` or `zh-Hans`; what comes after the language makes no difference.
 * @throws ConfigurationError when a language is not among those it knows, or an option is unknown or wrong.
 */
export function language<const C extends string = 'language'>(
  languages: readonly string[],
  options: LanguageOptions<C> = {},
): Moderator<C> {
  const given = readOptions('language', optionsSchema, options, requirements);
  // Without the option C is its default, which the compiler cannot know here.
  const category = (options.category ?? 'language') as C;
  const { least = 40 } = given;
  const allowed = readLanguages(languages);

  function judge(item: Item): Report<C> {
    const text = textOf(item);
    if (text === undefined) return unsupported('kind');
    const letters = text.slice(0, MOST_CHARACTERS);
    if ((letters.match(/\p{L}/gu)?.length ?? 0) < least) return clear();
    const likely = francAll(letters, { minLength: 1 });
    const best = likely.find(([code]) => allowed.has(canonical(code)));
    const isUnknown = likely[0]?.[0] === 'und';
    const score = isUnknown ? 0 : 1 - (best?.[1] ?? 0);
    const scores: { [K in C]?: number } = {};
    scores[category] = score;
    return score > MARGIN ? flag([category], scores) : clear(scores);
  }

  return {
    name: given.name ?? 'language',
    revision: JSON.stringify([category, least, [...allowed].toSorted()]),
    categories: [category],
    inProcess: true,
    batch: { items: 1000, characters: 100_000 },
    moderate: async (items) => items.map(judge),
  };
}

function readLanguages(languages: unknown): ReadonlySet<string> {
  if (!Array.isArray(languages) || languages.length === 0)
    throw new ConfigurationError('language.languages', "must be a list of languages such as ['en', 'fr']");
  return new Set(
    Array.from(languages, (tag: unknown, index) => {
      const known = typeof tag === 'string' ? canonical(tag) : '';
      if (LANGUAGES.includes(known)) return known;
      throw new ConfigurationError(
        `language.languages[${index}]`,
        `is not a language that it knows: ${LANGUAGES.join(', ')}`,
      );
    }),
  );
}
