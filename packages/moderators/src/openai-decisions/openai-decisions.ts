import { clear, failed, flag, unsupported } from '@chaperone/core';
import type { Item, ModerateOptions, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { fingerprint } from '../fingerprint.ts';
import type { ApiKey } from '../http/credentials.ts';
import { categoryName, serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { readImage } from '../image.ts';
import { TEXT_KINDS } from '../kinds.ts';
import { resolveEndpoint } from '../openai/endpoint.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';

export interface OpenAIDecisionsOptions<C extends string> {
  /** Your own questions, by the category that a yes stands for: `{ medical: 'Does this give medical advice?' }`. */
  readonly questions: { readonly [K in C]: string };
  /** From this probability of a yes on, it is a flag. Default 0.5. */
  readonly flagFrom?: number | undefined;
  /** Default `gpt-6-luna`. */
  readonly model?: string | undefined;
  /** Default: `OPENAI_API_KEY` of the environment. A function gives the key of the call's tenant. */
  readonly apiKey?: ApiKey | undefined;
  /** Default: `OPENAI_BASE_URL` of the environment, else OpenAI's own. */
  readonly baseURL?: string | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Unique in a guard. Default `openai-decisions`. */
  readonly name?: string | undefined;
}

/** As many as OpenAI takes in one request. */
const MOST_QUESTIONS = 400;
/** What an image may weigh in a request: 20 MB. */
const MOST_IMAGE_BYTES = 20 * 1024 * 1024;

const optionsSchema = z.strictObject({
  questions: z
    .record(categoryName, someText)
    .check(z.refine((questions) => isCountOfQuestions(Object.keys(questions).length))),
  flagFrom: z.optional(z.number().check(z.gt(0), z.lte(1))),
  model: z.optional(someText),
  ...serviceOptions,
});
const requirements = {
  questions: `an object of 1 to ${MOST_QUESTIONS} questions by category, such as { medical: 'Does this give medical advice?' }`,
  flagFrom: 'a probability above 0 and at most 1',
  model: 'the name of a decision model',
  ...serviceRequirements,
};

const isCountOfQuestions = (count: number): boolean => count > 0 && count <= MOST_QUESTIONS;

/** What `POST /decisions` answers, after the types of openai-node 7.57. */
const answerSchema = z.object({
  model: z.optional(z.string()),
  answers: z.array(
    z.discriminatedUnion('type', [
      z.object({
        type: z.literal('predicate'),
        name: z.nullish(z.string()),
        probability: z.number().check(z.minimum(0), z.maximum(1)),
      }),
      z.object({ type: z.literal('refusal'), name: z.nullish(z.string()) }),
    ]),
  ),
});

/**
 * Asks a decision model yes-or-no questions of your own, all of them in one request: `POST {baseURL}/decisions`. The text
 * or image, the questions and the name of the model are sent. Scores are the probabilities of a yes. Where the model
 * refuses a question the check has failed, whatever the others came to: an answer to some of them is no answer to all.
 *
 * @throws ConfigurationError when an option is unknown or wrong, and when there is no key for OpenAI.
 */
export function openaiDecisions<const C extends string>(options: OpenAIDecisionsOptions<C>): Moderator<C> {
  const given = readOptions('openaiDecisions', optionsSchema, options, requirements);
  const { baseURL, credentials } = resolveEndpoint('openaiDecisions', given);
  const { model = 'gpt-6-luna', flagFrom = 0.5, questions } = given;
  const categories = Object.keys(questions) as C[]; // of the object that C comes from
  const service: Service = { address: baseURL, key: 'apiKey or OPENAI_API_KEY', asset: `model ${model}` };
  const asked = categories.map((name) => ({ type: 'predicate', name, instructions: questions[name] }));

  async function judge(item: Item, { signal, context }: ModerateOptions): Promise<Report<C>> {
    const input = inputOf(item);
    if ('report' in input) return input.report;
    const posted = await post({
      service,
      url: `${baseURL}/decisions`,
      credentials,
      body: { model, input: [input], questions: asked },
      signal,
      context,
      fetch: given.fetch,
    });
    return 'failure' in posted ? posted.failure : read(posted.body);
  }

  function read(body: unknown): Report<C> {
    const answer = answerSchema.safeParse(body);
    if (!answer.success) return failed('malformed', { detail: 'The answer is not one of the decisions endpoint.' });
    const { answers, model: served } = answer.data;
    const flagged: C[] = [];
    const scores: { [K in C]?: number } = {};
    for (const category of categories) {
      const [said, ...more] = answers.filter(({ name }) => name === category);
      if (!said || more.length > 0)
        return failed('malformed', { detail: 'The answer does not have one answer to each question.' });
      if (said.type === 'refusal') return failed('refused', { detail: 'The model refused to answer a question.' });
      scores[category] = said.probability;
      if (said.probability >= flagFrom) flagged.push(category);
    }
    const origin = served === undefined ? {} : { model: served };
    return { ...(flagged.length > 0 ? flag<C>(flagged, scores) : clear<C>(scores)), ...origin };
  }

  return {
    name: given.name ?? 'openai-decisions',
    revision: fingerprint(JSON.stringify([model, baseURL, flagFrom, questions])),
    categories,
    kinds: [...TEXT_KINDS, 'image'],
    ...(credentials.partition && { partition: credentials.partition }),
    moderate: (items, moderateOptions) => Promise.all(items.map((item) => judge(item, moderateOptions))),
  };
}

type Input = { readonly role: 'user' | 'assistant'; readonly content: unknown } | { readonly report: Report<never> };

function inputOf(item: Item): Input {
  const { image } = item.segment;
  if (image !== undefined) {
    const read = readImage(image, MOST_IMAGE_BYTES);
    if ('report' in read) return read;
    const texts = (item.message ?? []).flatMap(({ text }) => (text ? [{ type: 'input_text', text }] : []));
    return { role: 'user', content: [...texts, { type: 'input_image', image_url: read.url }] };
  }
  const text = textOf(item);
  if (text === undefined) return { report: unsupported('kind') };
  if (text.trim() === '') return { report: clear() };
  return { role: item.stage === 'input' ? 'user' : 'assistant', content: text };
}
