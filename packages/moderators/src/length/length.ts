import { clear, flag, type Item, type Moderator, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { categoryName, someText } from '../http/options.ts';
import { readOptions } from '../options.ts';

export interface LengthOptions<C extends string = 'length'> {
  /** The longest message that is let pass, in characters (UTF-16 code units), all its texts together. */
  readonly most: number;
  /** The category that a longer one is flagged in. Default `'length'`. */
  readonly category?: C | undefined;
  /** Unique in a guard. Default `length`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  most: z.number().check(z.int(), z.minimum(1)),
  category: z.optional(categoryName),
  name: z.optional(someText),
});
const requirements = {
  most: 'a whole number of characters from 1',
  category: "the name of a category, neither empty nor '*'",
  name: 'a text that is not empty',
};

/**
 * Flags messages that are too long, here and now: nothing is sent anywhere. It reads whole messages, so streamed replies
 * are held until they are whole: it belongs at the input.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function length<const C extends string = 'length'>(options: LengthOptions<C>): Moderator<C> {
  const given = readOptions('length', optionsSchema, options, requirements);
  // Without the option C is its default, which the compiler cannot know here.
  const category = (options.category ?? 'length') as C;
  const scores: { [K in C]?: number } = {};
  scores[category] = 1;
  const judge = ({ segment, message = [segment] }: Item): Report<C> =>
    message.reduce((sum, { text = '' }) => sum + text.length, 0) > given.most ? flag([category], scores) : clear();
  return {
    name: given.name ?? 'length',
    revision: `${given.most} ${category}`,
    categories: [category],
    reads: 'message',
    inProcess: true,
    moderate: async (items) => items.map(judge),
  };
}
