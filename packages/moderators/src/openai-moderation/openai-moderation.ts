import { failed, type ModerateOptions, type Moderator, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import type { ApiKey } from '../http/credentials.ts';
import { categoryName, serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { resolveEndpoint } from '../openai/endpoint.ts';
import { TEXT_KINDS } from '../kinds.ts';
import { readOptions } from '../options.ts';
import { readAnswer, type Part } from './answer.ts';
import { OPENAI_CATEGORIES, type OpenAICategory } from './categories.ts';
import { DEFAULT_MODEL, isTextModel, refuseRetired, type OpenAIModerationModel } from './models.ts';
import { MOST_CHARACTERS, questionFor, type InputPart } from './question.ts';

export interface OpenAIModerationOptions<X extends string = never> {
  /**
   * Default: `OPENAI_API_KEY` of the environment, read when the moderator is made. A server other than OpenAI may need
   * none: then no `Authorization` header is sent. A function gives the key of the call's tenant; tenants then share
   * nothing.
   */
  readonly apiKey?: ApiKey | undefined;
  /** Default: `OPENAI_BASE_URL` of the environment, else `https://api.openai.com/v1`. */
  readonly baseURL?: string | undefined;
  /** Default `omni-moderation-latest`. Name a dated one where thresholds are tuned: models are recalibrated. */
  readonly model?: OpenAIModerationModel | (string & {}) | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Categories that the server knows besides the thirteen of OpenAI's models, for policies to name. Default: none. */
  readonly categories?: readonly X[] | undefined;
  /** Unique in a guard. Default `openai-moderation`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  ...serviceOptions,
  model: z.optional(someText),
  categories: z.optional(z.array(categoryName)),
});
const requirements = {
  apiKey: serviceRequirements.apiKey,
  baseURL: 'an http or https address such as https://api.openai.com/v1',
  model: 'the name of a moderation model',
  fetch: serviceRequirements.fetch,
  categories: "a list of category names, none of them empty or '*'",
  name: serviceRequirements.name,
};

/**
 * Asks OpenAI's moderation endpoint, or any server that speaks it: `POST {baseURL}/moderations`. Texts go together, up to
 * 64; an image goes alone, with the text of its message, as its address or its bytes. The text or image and the name of
 * the model are sent, and nothing else.
 *
 * What it flags are the categories that the service says are true; scores are the model's own, 0 to 1. A category that
 * an image was not evaluated for has no score. It never throws after construction: every failure is a report that says
 * whether, and when, asking again can help.
 *
 * @throws ConfigurationError when an option is unknown or wrong, when there is no key for OpenAI, and when the model is
 * one that OpenAI has retired.
 */
export function openaiModeration<const X extends string = never>(
  options: OpenAIModerationOptions<X> = {},
): Moderator<OpenAICategory | X> {
  const given = readOptions('openaiModeration', optionsSchema, options, requirements);
  const { baseURL, credentials, isOpenAI } = resolveEndpoint('openaiModeration', given);
  const model = given.model ?? DEFAULT_MODEL;
  refuseRetired(model, isOpenAI);
  const service: Service = {
    address: baseURL,
    key: 'apiKey or OPENAI_API_KEY',
    asset: `model ${model}`,
  };

  async function ask(
    input: string | readonly string[] | readonly InputPart[],
    items: number,
    asked: readonly [Part, ...Part[]],
    { signal, context }: ModerateOptions,
  ): Promise<readonly Report[]> {
    const posted = await post({
      service,
      url: `${baseURL}/moderations`,
      credentials,
      body: { model, input },
      signal,
      context,
      fetch: given.fetch,
    });
    if ('failure' in posted) return Array.from({ length: items }, () => posted.failure);
    return readAnswer(posted.body, items, asked);
  }

  return {
    name: given.name ?? 'openai-moderation',
    revision: `${model} ${baseURL}`,
    categories: [...new Set([...OPENAI_CATEGORIES, ...(options.categories ?? [])])],
    kinds: isTextModel(model) ? TEXT_KINDS : [...TEXT_KINDS, 'image'],
    ...(credentials.partition && { partition: credentials.partition }),
    maxCharacters: MOST_CHARACTERS,
    // A history of 30 turns in one request, and no more than about 10,000 tokens of English: the quota of a minute on the
    // lowest tiers.
    batch: { items: 64, characters: 32_000 },
    async moderate(items, options) {
      const questions = items.map(questionFor);
      const texts = questions.flatMap((question) => (question.kind === 'text' ? [question.text] : []));
      const [first] = texts;
      const together =
        first === undefined
          ? Promise.resolve([])
          : ask(texts.length === 1 ? first : texts, texts.length, ['text'], options);
      let next = 0;
      const all = questions.map(async (question): Promise<Report> => {
        if (question.kind === 'answered') return question.report;
        if (question.kind === 'text') {
          const place = next++;
          return (await together)[place] ?? failed('malformed');
        }
        const [report] = await ask(
          question.parts,
          1,
          question.parts.length === 1 ? ['image'] : ['text', 'image'],
          options,
        );
        return report ?? failed('malformed');
      });
      // Categories are open on the wire: a policy rules those beyond the declared ones by its '*'.
      return (await Promise.all(all)) as readonly Report<OpenAICategory | X>[];
    },
  };
}
