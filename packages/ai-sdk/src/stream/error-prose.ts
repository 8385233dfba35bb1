import { structuredText } from '../reply/content.ts';
import { proseIn } from '../prose.ts';
import { isList } from '../value.ts';

/** What the caller sent, and what the text does not stand in: a trace repeats the message. */
const WITHOUT_WORDS_OF_THE_MODEL: ReadonlySet<string> = new Set([
  'name',
  'stack',
  'url',
  'requestBodyValues',
  'responseHeaders',
]);

/**
 * What an error says, in all that it quotes: where a provider's package could not read a chunk, the message, the value and
 * the causes hold what the model wrote there.
 */
export function proseOfError(error: unknown): readonly string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  const collect = (value: unknown): void => {
    if (seen.has(value)) return;
    seen.add(value);
    if (isList(value)) for (const each of value) collect(each);
    else if (!(value instanceof Error)) found.push(structuredText(proseIn(value)));
    else
      for (const name of Object.getOwnPropertyNames(value))
        if (!WITHOUT_WORDS_OF_THE_MODEL.has(name)) collect(Reflect.get(value, name));
  };
  collect(error);
  return found.filter((text) => text !== '');
}
