import { clear, ConfigurationError, failed, unsupported } from '@chaperone/core';
import type { Item, ModerateOptions, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { fingerprint } from '../fingerprint.ts';
import type { ApiKey } from '../http/credentials.ts';
import { serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import type { Fetch } from '../http/post.ts';
import { resolveEndpoint } from '../openai/endpoint.ts';
import { readOptions } from '../options.ts';
import { chatEndpoint } from './chat-endpoint.ts';
import type { Judge } from './judge.ts';
import { languageModel, type LanguageModel } from './language-model.ts';
import { subjectOf } from './subject.ts';

export interface LLMJudgeOptions {
  /** The name of a model behind an OpenAI-compatible chat endpoint, or a model of the AI SDK. */
  readonly model: string | LanguageModel;
  /** Default: `OPENAI_API_KEY` of the environment. A function gives the key of the call's tenant. Not for an AI SDK model. */
  readonly apiKey?: ApiKey | undefined;
  /** Default: `OPENAI_BASE_URL` of the environment, else OpenAI's own. Not for an AI SDK model. */
  readonly baseURL?: string | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. Not for an AI SDK model. */
  readonly fetch?: Fetch | undefined;
  /** The longest message that is judged, in characters; a longer one is `too-large`. Default 32,000. */
  readonly mostCharacters?: number | undefined;
  /** Unique in a guard. Default: the judge's own, such as `llama-guard` or `judge:spam`. */
  readonly name?: string | undefined;
}

const isModel = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'doGenerate' in value && 'modelId' in value;

const optionsSchema = z.strictObject({
  model: z.union([someText, z.custom<LanguageModel>(isModel)]),
  ...serviceOptions,
  mostCharacters: z.optional(z.number().check(z.int(), z.minimum(1))),
});
const requirements = {
  model: 'the name of a model, or a model of the AI SDK',
  ...serviceRequirements,
  mostCharacters: 'a whole number of characters from 1',
};

/**
 * A model as moderator: a guard model with its own form of question and answer, or any model with a policy in your own
 * words. It reads whole messages, so streamed replies are held until they are whole. Give it time: its deadline is the
 * guard's (`moderation.moderators`), and models take more than two seconds.
 *
 * All texts of the message, for some judges those of the turns before, and the judge's own words are sent. The text under
 * judgement cannot talk to the judge: it is one line of JSON between borders made up for each request, or a message of
 * its own, and marks of chat templates in it mean nothing. What is no answer in the judge's form has failed.
 *
 * @throws ConfigurationError when an option is unknown or wrong, and when there is no key for OpenAI.
 */
export function llmJudge<const C extends string>(judge: Judge<C>, options: LLMJudgeOptions): Moderator<C> {
  const given = readOptions('llmJudge', optionsSchema, options, requirements);
  const { model, mostCharacters = 32_000 } = given;
  const { ask, where, partition } = connect(given);

  async function judgeItem(item: Item, { signal, context }: ModerateOptions): Promise<Report<C>> {
    const subject = subjectOf(item);
    if (!subject) return unsupported('kind');
    if (subject.text.trim() === '') return clear();
    if (subject.text.length > mostCharacters) return unsupported('too-large');
    const said = await ask(judge.ask(subject), judge, { signal, ...(context && { context }) });
    if ('failure' in said) return said.failure;
    const report = judge.read(said.text, subject.stage);
    if (!report) return failed('malformed', { detail: 'The answer of the model is not in the form of the judge.' });
    return {
      ...report,
      ...(said.model !== undefined && { model: said.model }),
      ...(said.id !== undefined && { responseId: said.id }),
    };
  }

  return {
    name: given.name ?? judge.name,
    revision: fingerprint(
      JSON.stringify([
        typeof model === 'string' ? model : model.modelId,
        where,
        judge.name,
        judge.categories,
        judge.reads,
        judge.revision,
      ]),
    ),
    categories: judge.categories,
    reads: judge.reads,
    ...(partition && { partition }),
    moderate: (items, moderateOptions) => Promise.all(items.map((item) => judgeItem(item, moderateOptions))),
  };
}

function connect({ model, ...endpoint }: Pick<LLMJudgeOptions, 'model' | 'fetch' | 'apiKey' | 'baseURL'>) {
  if (typeof model === 'string') {
    const { baseURL, credentials } = resolveEndpoint('llmJudge', endpoint);
    return {
      ask: chatEndpoint(model, baseURL, credentials, endpoint.fetch),
      where: baseURL,
      partition: credentials.partition,
    };
  }
  for (const option of ['apiKey', 'baseURL', 'fetch'] as const)
    if (endpoint[option] !== undefined)
      throw new ConfigurationError(
        `llmJudge.${option}`,
        'is for the name of a model: one of the AI SDK brings its own',
      );
  return { ask: languageModel(model), where: model.provider, partition: undefined };
}
