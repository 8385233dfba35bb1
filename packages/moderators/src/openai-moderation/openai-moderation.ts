import { clear, failed, unsupported } from '@chaperone/core';
import type { ModerateOptions, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { readAnswer } from './answer.ts';
import { OPENAI_CATEGORIES, type OpenAICategory } from './categories.ts';
import { resolveEndpoint } from './endpoint.ts';
import { readFailure } from './failure.ts';

export interface OpenAIModerationOptions<X extends string = never> {
  /**
   * Default: `OPENAI_API_KEY` of the environment, read when the moderator is made. A server other than OpenAI may need
   * none: then no `Authorization` header is sent.
   */
  readonly apiKey?: string | undefined;
  /** Default: `OPENAI_BASE_URL` of the environment, else `https://api.openai.com/v1`. */
  readonly baseURL?: string | undefined;
  /** Default `omni-moderation-latest`. Name a dated one where thresholds are tuned: models are recalibrated. */
  readonly model?: string | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Categories that the server knows besides the thirteen of OpenAI's models, for policies to name. Default: none. */
  readonly categories?: readonly X[] | undefined;
  /** Unique in a guard. Default `openai-moderation`. */
  readonly name?: string | undefined;
}

const text = z.optional(z.string().check(z.regex(/\S/)));
const optionsSchema = z.strictObject({
  apiKey: text,
  baseURL: text,
  model: text,
  fetch: z.optional(z.custom<typeof globalThis.fetch>((value) => typeof value === 'function')),
  categories: z.optional(z.array(z.string().check(z.regex(/^(?!\*$)[^]*\S/)))),
  name: text,
});
const requirements = {
  apiKey: 'a text that is not empty',
  baseURL: 'an http or https address such as https://api.openai.com/v1',
  model: 'the name of a moderation model',
  fetch: 'a function like the global fetch',
  categories: "a list of category names, none of them empty or '*'",
  name: 'a text that is not empty',
};

/**
 * Asks OpenAI's moderation endpoint, or any server that speaks it: `POST {baseURL}/moderations`. The text of the items
 * and the name of the model are sent, and nothing else. Texts only: an image is `unsupported`.
 *
 * What it flags are the categories that the service says are true; scores are the model's own, 0 to 1. It never throws
 * after construction: every failure is a report that says whether, and when, asking again can help.
 *
 * @throws ConfigurationError when an option is unknown or wrong, and when there is no key for OpenAI.
 */
export function openaiModeration<const X extends string = never>(
  options: OpenAIModerationOptions<X> = {},
): Moderator<OpenAICategory | X> {
  const given = readOptions('openaiModeration', optionsSchema, options, requirements);
  const { baseURL, headers } = resolveEndpoint(given);
  const model = given.model ?? 'omni-moderation-latest';

  async function ask(texts: readonly string[], signal: AbortSignal): Promise<readonly Report[]> {
    const every = (report: Report): readonly Report[] => texts.map(() => report);
    if (signal.aborted) return every(failed('aborted'));
    const send = given.fetch ?? globalThis.fetch;
    try {
      const response = await send(`${baseURL}/moderations`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model, input: texts.length === 1 ? texts[0] : texts }),
        redirect: 'manual', // `'error'` would say the same, but Workers do not have it
        signal,
      });
      if (!response.ok) return every(await readFailure(response, { model, baseURL }));
      return readAnswer(await response.text(), texts.length);
    } catch {
      // The platform's error is not passed on: its message may name a proxy, a header or a part of the answer.
      return every(
        signal.aborted
          ? failed('aborted')
          : failed('unavailable', { retryAfterMs: 0, detail: `No whole answer came from ${baseURL}.` }),
      );
    }
  }

  return {
    name: given.name ?? 'openai-moderation',
    revision: `${model} ${baseURL}`,
    categories: [...new Set([...OPENAI_CATEGORIES, ...(options.categories ?? [])])],
    // OpenAI advises texts of fewer than 2,000 characters: longer ones are judged less well.
    maxCharacters: 1_999,
    // A history of 30 turns in one request, and no more than about 10,000 tokens of English: the quota of a minute on the
    // lowest tiers.
    batch: { items: 64, characters: 32_000 },
    async moderate(items, { signal }: ModerateOptions) {
      const texts = items.map(textOf);
      const judged = texts.filter((entry): entry is string => entry !== undefined && entry !== '');
      const reports = judged.length === 0 ? [] : await ask(judged, signal);
      let next = 0;
      const all = texts.map((entry) => {
        if (entry === undefined) return unsupported('kind');
        // The endpoint refuses an empty text, and with it the whole batch.
        if (entry === '') return clear();
        return reports[next++] ?? failed('malformed');
      });
      // Categories are open on the wire: a policy rules those beyond the declared ones by its '*'.
      return all as readonly Report<OpenAICategory | X>[];
    },
  };
}
