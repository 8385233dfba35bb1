import { clear, ConfigurationError, flag, unsupported, type Item, type Moderator, type Report } from '@chaperone/core';
import { francAll } from 'franc-min';
import * as z from 'zod/mini';
import { categoryName, someText } from '../http/options.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { canonical, LANGUAGES } from './languages.ts';
import { count, KNOWN, LETTER, lettersOf, stretchesOf, trigramsIn, UNKNOWN } from './letters.ts';

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

/** How many trigrams of a language the library knows. */
const KNOWN_TRIGRAMS = 300;

/**
 * Flags texts that are in none of the languages that are allowed, here and now: nothing is sent anywhere. It compares
 * trigrams (franc-min, 82 languages), which needs a sentence or two; what is shorter, or may well be an allowed language,
 * is let pass. The score says how much less likely the likeliest allowed language is than the likeliest of all; a script
 * that none of those languages is written in scores 1. Letters alone count, however they are disguised, and a long text
 * is judged in stretches of 2,048 characters, each by the language that it is mostly in.
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
    const letters = lettersOf(text);
    if (count(letters, LETTER) < least) return clear();
    const score = Math.max(...stretchesOf(letters).map((stretch) => distanceOf(stretch, allowed)));
    const scores: { [K in C]?: number } = {};
    scores[category] = score;
    return score > MARGIN ? flag([category], scores) : clear(scores);
  }

  return {
    name: given.name ?? 'language',
    revision: JSON.stringify([2, category, least, [...allowed].toSorted()]),
    categories: [category],
    inProcess: true,
    batch: { items: 1000, characters: 100_000 },
    moderate: async (items) => items.map(judge),
  };
}

/** How much less likely the likeliest allowed language is than the likeliest of all: 0 to 1. */
function distanceOf(stretch: string, allowed: ReadonlySet<string>): number {
  const likely = francAll(stretch, { minLength: 1 });
  // The library compares those scripts alone that it knows, however little of the text is in them.
  if (likely[0]?.[0] === 'und' || count(stretch, UNKNOWN) > count(stretch, KNOWN)) return 1;
  const best = likely.find(([code]) => allowed.has(canonical(code)));
  if (!best) return 1;
  // It counts a trigram once, knows few of each language, and divides by the length: whatever is long, or repeats itself,
  // would be near to everything.
  return Math.min(1, (1 - best[1]) * (stretch.length / Math.min(trigramsIn(stretch), KNOWN_TRIGRAMS)));
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
