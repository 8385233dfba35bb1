import {
  clear,
  ConfigurationError,
  failed,
  flag,
  unsupported,
  type Item,
  type Moderator,
  type Report,
} from '@chaperone/core';
import * as z from 'zod/mini';
import { fingerprint } from '../fingerprint.ts';
import { categoryName, someText } from '../http/options.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { compile, type Compiled } from './compile.ts';
import { isFound } from './program.ts';

export interface PatternOptions<C extends string = 'pattern'> {
  /** The category that a match is flagged in. Default `'pattern'`. */
  readonly category?: C | undefined;
  /**
   * The longest match to count on, in characters (UTF-16 code units), of the patterns that have `*`, `+` or `{n,}`: so much
   * of a stream is held back until it is known whether a match grows. Of all others it is worked out.
   */
  readonly longest?: number | undefined;
  /** Unique in a guard. Default `pattern`, or `pattern:` and the category where one is given. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  category: z.optional(categoryName),
  longest: z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(10_000))),
  name: z.optional(someText),
});
const requirements = {
  category: "the name of a category, neither empty nor '*'",
  longest: 'a whole number of characters from 1 to 10,000',
  name: 'a text that is not empty',
};

/**
 * Flags texts in which one of some regular expressions is found, here and now: nothing is sent anywhere. A match has the
 * score 1.
 *
 * Each pattern becomes an automaton that reads a text once, character by character. So no text can make it slow, and a
 * pattern for which that is not possible is refused: one that refers back to itself, or looks around. `^` and `$` mean
 * the ends of what is judged, which of a stream is a window.
 *
 * @throws ConfigurationError when a pattern is none, can match nothing at all, cannot be an automaton, or may match
 * without bound and `longest` is not given; when an option is unknown or wrong.
 */
export function pattern<const C extends string = 'pattern'>(
  patterns: RegExp | readonly RegExp[],
  options: PatternOptions<C> = {},
): Moderator<C> {
  const given = readOptions('pattern', optionsSchema, options, requirements);
  // Without the option C is its default, which the compiler cannot know here.
  const category = (options.category ?? 'pattern') as C;
  const all = readPatterns(patterns);
  const compiled = all.map((each, index) => check(compile(each), `pattern.patterns[${index}]`, given.longest));
  const scores: { [K in C]?: number } = {};
  scores[category] = 1;

  function judge(item: Item): Report<C> {
    const text = textOf(item);
    if (text === undefined) return unsupported('kind');
    // What ends in the text before was judged with it.
    const from = item.before?.length ?? 0;
    return compiled.some(({ program }) => isFound(program, text, from)) ? flag([category], scores) : clear();
  }

  return {
    name: given.name ?? (given.category === undefined ? 'pattern' : `pattern:${category}`),
    revision: fingerprint(JSON.stringify([category, all.map(String)])),
    categories: [category],
    span: compiled.reduce((longest, { most }) => Math.max(longest, most), 0),
    inProcess: true,
    // The limits only keep one turn of the event loop short.
    batch: { items: 1000, characters: 1_000_000 },
    async moderate(items, { signal }) {
      return items.map((item) => (signal.aborted ? failed('aborted') : judge(item)));
    },
  };
}

function readPatterns(patterns: unknown): readonly RegExp[] {
  const all: readonly unknown[] = Array.isArray(patterns) ? Array.from(patterns) : [patterns];
  if (all.length === 0) throw new ConfigurationError('pattern.patterns', 'is empty: such a list would find nothing');
  return all.map((each, index) => {
    if (each instanceof RegExp) return each;
    throw new ConfigurationError(`pattern.patterns[${index}]`, 'must be a regular expression such as /zo+rp/i');
  });
}

type Automaton = Extract<Compiled, { readonly program: unknown }>;

function check(compiled: Compiled, path: string, longest: number | undefined): Automaton {
  if ('problem' in compiled) throw new ConfigurationError(path, compiled.problem);
  const { least, most } = compiled;
  if (least === 0) throw new ConfigurationError(path, 'can match nothing at all, and so would flag every text');
  if (longest === undefined && most === Infinity)
    throw new ConfigurationError(
      path,
      'may match without bound: write {1,40} instead of +, or say how long in `longest`',
    );
  if (longest === undefined || most !== Infinity) return compiled;
  if (least > longest)
    throw new ConfigurationError('pattern.longest', `is ${longest}, but ${path} matches nothing shorter than ${least}`);
  return { ...compiled, most: longest };
}
