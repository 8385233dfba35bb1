import { clear, ConfigurationError, failed, unsupported } from '@chaperone/core';
import type { ModerateOptions, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readAddress } from '../http/address.ts';
import { createCredentials, type ApiKey } from '../http/credentials.ts';
import { readEnvironment } from '../http/environment.ts';
import { categoryName, serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';

/** The categories of Mistral's second moderation model, `mistral-moderation-2603`. */
export const MISTRAL_CATEGORIES = [
  'sexual',
  'hate_and_discrimination',
  'violence_and_threats',
  'dangerous',
  'criminal',
  'selfharm',
  'health',
  'financial',
  'law',
  'pii',
  'jailbreaking',
] as const;

export type MistralCategory = (typeof MISTRAL_CATEGORIES)[number];

export interface MistralModerationOptions<X extends string = never> {
  /** Default: `MISTRAL_API_KEY` of the environment. A function gives the key of the call's tenant. */
  readonly apiKey?: ApiKey | undefined;
  /** Default `https://api.mistral.ai/v1`. */
  readonly baseURL?: string | undefined;
  /** Default `mistral-moderation-latest`. Name a dated one where thresholds are tuned. */
  readonly model?: string | undefined;
  /** Categories of another model, for policies to name. Default: none. */
  readonly categories?: readonly X[] | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Unique in a guard. Default `mistral-moderation`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  ...serviceOptions,
  model: z.optional(someText),
  categories: z.optional(z.array(categoryName)),
});
const requirements = {
  ...serviceRequirements,
  model: 'the name of a moderation model',
  categories: "a list of category names, none of them empty or '*'",
};

/** What `POST /moderations` answers at Mistral: there is no sum of the categories. */
const answerSchema = z.object({
  id: z.optional(z.string()),
  model: z.optional(z.string()),
  results: z.array(
    z.object({
      categories: z.record(z.string(), z.boolean()),
      category_scores: z.record(z.string(), z.number().check(z.minimum(0), z.maximum(1))),
    }),
  ),
});

/**
 * Asks Mistral's moderation endpoint: `POST {baseURL}/moderations`, up to 32 texts together. The texts and the name of
 * the model are sent. Texts only.
 *
 * @throws ConfigurationError when an option is unknown or wrong, and when there is no key.
 */
export function mistralModeration<const X extends string = never>(
  options: MistralModerationOptions<X> = {},
): Moderator<MistralCategory | X> {
  const given = readOptions('mistralModeration', optionsSchema, options, requirements);
  const example = 'https://api.mistral.ai/v1';
  const baseURL = readAddress('mistralModeration.baseURL', given.baseURL ?? example, example);
  const apiKey = given.apiKey ?? readEnvironment('MISTRAL_API_KEY');
  if (apiKey === undefined && given.baseURL === undefined)
    throw new ConfigurationError(
      'mistralModeration.apiKey',
      'is missing: pass apiKey, or set MISTRAL_API_KEY in the environment',
    );
  const credentials = createCredentials('mistralModeration', apiKey);
  const model = given.model ?? 'mistral-moderation-latest';
  const service: Service = { address: baseURL, key: 'apiKey or MISTRAL_API_KEY', asset: `model ${model}` };

  async function ask(input: readonly string[], { signal, context }: ModerateOptions): Promise<readonly Report[]> {
    const every = (report: Report): readonly Report[] => input.map(() => report);
    const url = `${baseURL}/moderations`;
    const posted = await post({
      service,
      url,
      credentials,
      body: { model, input },
      signal,
      context,
      fetch: given.fetch,
    });
    if ('failure' in posted) return every(posted.failure);
    const answer = answerSchema.safeParse(posted.body);
    if (!answer.success || answer.data.results.length !== input.length)
      return every(
        failed('malformed', { detail: 'The answer is not one of the moderation endpoint about these texts.' }),
      );
    const { id, model: served, results } = answer.data;
    return results.map(({ categories, category_scores: scores }) => {
      const flagged = Object.keys(categories).filter((category) => categories[category]);
      // An answer about nothing is not one about a text that is clear.
      if (Object.keys(categories).length === 0 && Object.keys(scores).length === 0)
        return failed('malformed', { detail: 'The answer has no category.' });
      return {
        status: flagged.length > 0 ? 'flagged' : 'clear',
        flagged,
        scores,
        ...(id !== undefined && { responseId: id }),
        ...(served !== undefined && { model: served }),
      };
    });
  }

  return {
    name: given.name ?? 'mistral-moderation',
    revision: `${model} ${baseURL}`,
    categories: [...new Set([...MISTRAL_CATEGORIES, ...(options.categories ?? [])])],
    ...(credentials.partition && { partition: credentials.partition }),
    batch: { items: 32, characters: 32_000 },
    async moderate(items, moderateOptions) {
      const texts = items.map(textOf);
      const judged = texts.filter((text): text is string => text !== undefined && text !== '');
      const reports = judged.length === 0 ? [] : await ask(judged, moderateOptions);
      let next = 0;
      const all = texts.map((text) => {
        if (text === undefined) return unsupported('kind');
        return text === '' ? clear() : (reports[next++] ?? failed('malformed'));
      });
      // Categories are open on the wire: a policy rules those beyond the declared ones by its '*'.
      return all as readonly Report<MistralCategory | X>[];
    },
  };
}
