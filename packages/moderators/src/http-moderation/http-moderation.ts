import { clear, failed, flag, unsupported } from '@chaperone/core';
import type { CallContext, Item, ModerateOptions, Moderator, Report } from '@chaperone/core';
import * as z from 'zod/mini';
import type { Pinged } from '../connection/pinged.ts';
import { readAddress } from '../http/address.ts';
import { createCredentials, type ApiKey } from '../http/credentials.ts';
import { aFunction, serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch, type Posted } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { TEXT_KINDS } from '../kinds.ts';
import { readOptions } from '../options.ts';
import { answerSchema, CONTRACTS, isFlagged, queryOf, type Answer, type Contract } from './contract.ts';
import { plainText } from './plain-text.ts';

export interface HTTPModerationOptions {
  /** Where the service is asked: the whole address, by `POST`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. Default: none. A function gives the key of the call's tenant. */
  readonly apiKey?: ApiKey | undefined;
  /** `'extension'`: `agent.moderation.*`; `'dify'`: `app.moderation.*`, texts alone. Default `'extension'`. */
  readonly contract?: keyof typeof CONTRACTS | undefined;
  /** Sent as `agent_id`, or Dify's `app_id`; a function makes it of the call's context. Default `'chaperone'`. */
  readonly agentId?: string | ((context: CallContext) => string) | undefined;
  /** Whether images that are no `http(s):` address are sent, as `data:` addresses. Default `false`: `unsupported`. */
  readonly sendImageBytes?: boolean | undefined;
  /** Whether the service's own answer becomes the message to the user. Default `true`. */
  readonly usePresetResponse?: boolean | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Unique in a guard. Default `http-moderation`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  url: someText,
  apiKey: serviceOptions.apiKey,
  contract: z.optional(z.enum(['extension', 'dify'])),
  agentId: z.optional(z.union([someText, aFunction<(context: CallContext) => string>()])),
  sendImageBytes: z.optional(z.boolean()),
  usePresetResponse: z.optional(z.boolean()),
  fetch: serviceOptions.fetch,
  name: serviceOptions.name,
});
const requirements = {
  url: 'the http or https address that takes the requests',
  apiKey: serviceRequirements.apiKey,
  contract: "'extension' or 'dify'",
  agentId: 'a text that is not empty, or a function of the context',
  sendImageBytes: 'true or false',
  usePresetResponse: 'true or false',
  fetch: serviceRequirements.fetch,
  name: serviceRequirements.name,
};

/**
 * Asks a service of your own: the custom extension contract of agent platforms, or Dify's form of it. One request a
 * message, for one answer holds for all of it; so streamed replies are held until they are whole. It knows no
 * categories: a flag is one of `'*'`.
 *
 * All texts of a message and the addresses of its images are sent, with the id. What the service would say instead, as
 * plain text of at most 10,000 characters, is the message to the user unless turned off.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function httpModeration(options: HTTPModerationOptions): Moderator<never> & Pinged {
  const given = readOptions('httpModeration', optionsSchema, options, requirements);
  const url = readAddress('httpModeration.url', given.url, 'https://moderation.example.com/check');
  const credentials = createCredentials('httpModeration', given.apiKey);
  const contract: Contract = CONTRACTS[given.contract ?? 'extension'];
  const { agentId = 'chaperone', sendImageBytes = false, usePresetResponse = true } = given;
  const service: Service = { address: url, key: 'apiKey', asset: 'service' };

  function send(body: object, { signal, context }: Pick<ModerateOptions, 'signal' | 'context'>): Promise<Posted> {
    return post({ service, url, credentials, body, signal, context, fetch: given.fetch });
  }

  async function judge(item: Item, { signal, context }: ModerateOptions): Promise<Report<never>> {
    const { parts, isWhole } = queryOf(item, sendImageBytes);
    const unseen = unsupported('kind');
    if (parts.length === 0) return isWhole ? clear() : unseen;
    const id = typeof agentId === 'string' ? agentId : agentId(context ?? {});
    const posted = await send(contract.requestFor(item.stage, id, parts), { signal, ...(context && { context }) });
    if ('failure' in posted) return posted.failure;
    const answer = answerSchema.safeParse(posted.body);
    if (isFlagged(posted.body)) return { ...flag(), ...(answer.success && suggestion(answer.data, item)) };
    if (!answer.success) return failed('malformed', { detail: 'The answer is not one of the extension contract.' });
    // What was not sent is not clear for what was.
    return isWhole ? clear() : unseen;
  }

  function suggestion(answer: Answer, { stage }: Item): { readonly message?: string } {
    const text = usePresetResponse ? contract.suggestionOf(answer, stage) : undefined;
    const message = text === undefined ? undefined : plainText(text);
    return message === undefined ? {} : { message };
  }

  const partition = (context: CallContext): string =>
    JSON.stringify([credentials.partition?.(context) ?? '', typeof agentId === 'string' ? '' : agentId(context)]);

  return {
    name: given.name ?? 'http-moderation',
    revision: JSON.stringify([
      given.contract ?? 'extension',
      url,
      typeof agentId === 'string' ? agentId : null,
      usePresetResponse,
      sendImageBytes,
    ]),
    categories: [],
    kinds: contract.hasImages ? [...TEXT_KINDS, 'image'] : TEXT_KINDS,
    reads: 'message',
    ...((credentials.partition || typeof agentId === 'function') && { partition }),
    moderate: (items, moderateOptions) => Promise.all(items.map((item) => judge(item, moderateOptions))),
    // Dify asks this before it saves an extension; the other form has nothing like it.
    async ping(pingOptions) {
      if (contract !== CONTRACTS.dify) return undefined;
      const posted = await send({ point: 'ping' }, pingOptions);
      if ('failure' in posted) return posted.failure;
      return pongSchema.safeParse(posted.body).success
        ? undefined
        : failed('malformed', { detail: 'The answer to a ping is not { "result": "pong" }.' });
    },
  };
}

const pongSchema = z.object({ result: z.literal('pong') });
