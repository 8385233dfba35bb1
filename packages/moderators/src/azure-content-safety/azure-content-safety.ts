import { clear, unsupported, type Item, type ModerateOptions, type Moderator, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readAddress } from '../http/address.ts';
import { createCredentials, type ApiKey } from '../http/credentials.ts';
import { serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { readImage } from '../image.ts';
import { TEXT_KINDS } from '../kinds.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { AZURE_CATEGORIES, readAnswer, type AzureCategory } from './answer.ts';

export interface AzureContentSafetyOptions {
  /** The address of your resource, such as `https://my-resource.cognitiveservices.azure.com`. */
  readonly endpoint: string;
  /** Sent as `Ocp-Apim-Subscription-Key`. A function gives the key of the call's tenant. */
  readonly apiKey: ApiKey;
  /** The severity, 1 to 7, from which on a harm is flagged. Default 4, Azure's medium. */
  readonly flagFrom?: number | undefined;
  /** Blocklists of the account that texts are compared with. Default: none. */
  readonly blocklists?: readonly string[] | undefined;
  /** Default `2024-09-01`. */
  readonly apiVersion?: string | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Unique in a guard. Default `azure-content-safety`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  endpoint: someText,
  apiKey: serviceOptions.apiKey.def.innerType,
  flagFrom: z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(7))),
  blocklists: z.optional(z.array(someText)),
  apiVersion: z.optional(someText),
  fetch: serviceOptions.fetch,
  name: serviceOptions.name,
});
const requirements = {
  endpoint: 'the address of your resource',
  apiKey: serviceRequirements.apiKey,
  flagFrom: 'a severity from 1 to 7',
  blocklists: 'a list of names',
  apiVersion: 'a version such as 2024-09-01',
  fetch: serviceRequirements.fetch,
  name: serviceRequirements.name,
};

/** The largest image file that Azure takes: 4 MB. */
const MOST_IMAGE_BYTES = 4 * 1024 * 1024;

/**
 * Asks Azure AI Content Safety: `text:analyze` with eight severities, `image:analyze` with four. A severity from 0 to 7
 * becomes a score from 0 to 1, and `azureSeverity(score)` gives it back: it is a place in an order and no probability.
 *
 * One text, or the bytes of one image, is sent in each request, with the names of blocklists. An image at an address is
 * `unsupported`, since Azure opens none but its own storage.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function azureContentSafety(options: AzureContentSafetyOptions): Moderator<AzureCategory> {
  const given = readOptions('azureContentSafety', optionsSchema, options, requirements);
  const example = 'https://my-resource.cognitiveservices.azure.com';
  const endpoint = readAddress('azureContentSafety.endpoint', given.endpoint, example);
  const credentials = createCredentials('azureContentSafety', given.apiKey, { name: 'ocp-apim-subscription-key' });
  const { flagFrom = 4, blocklists = [], apiVersion = '2024-09-01' } = given;
  const service: Service = { address: endpoint, key: 'apiKey', asset: 'Content Safety resource' };

  async function judge(item: Item, { signal, context }: ModerateOptions): Promise<Report<AzureCategory>> {
    const question = questionFor(item, blocklists);
    if ('report' in question) return question.report;
    const posted = await post({
      service,
      url: `${endpoint}/contentsafety/${question.operation}?api-version=${encodeURIComponent(apiVersion)}`,
      credentials,
      body: question.body,
      signal,
      context,
      fetch: given.fetch,
    });
    return 'failure' in posted ? posted.failure : readAnswer(posted.body, flagFrom);
  }

  return {
    name: given.name ?? 'azure-content-safety',
    revision: JSON.stringify([endpoint, apiVersion, flagFrom, blocklists]),
    categories: AZURE_CATEGORIES,
    kinds: [...TEXT_KINDS, 'image'],
    ...(credentials.partition && { partition: credentials.partition }),
    maxCharacters: 10_000, // more is refused
    moderate: (items, moderateOptions) => Promise.all(items.map((item) => judge(item, moderateOptions))),
  };
}

type Question = { readonly operation: string; readonly body: object } | { readonly report: Report<never> };

function questionFor(item: Item, blocklists: readonly string[]): Question {
  const { image } = item.segment;
  if (image !== undefined) {
    if (image instanceof URL && image.protocol !== 'data:') return { report: unsupported('kind') };
    const read = readImage(image, MOST_IMAGE_BYTES);
    if ('report' in read) return read;
    const content = read.url.slice(read.url.indexOf(',') + 1);
    return { operation: 'image:analyze', body: { image: { content }, outputType: 'FourSeverityLevels' } };
  }
  const text = textOf(item);
  if (text === undefined) return { report: unsupported('kind') };
  if (text.trim() === '') return { report: clear() };
  return {
    operation: 'text:analyze',
    body: {
      text,
      outputType: 'EightSeverityLevels',
      ...(blocklists.length > 0 && { blocklistNames: blocklists, haltOnBlocklistHit: false }),
    },
  };
}
