import { clear, unsupported, type Item, type ModerateOptions, type Moderator, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readAddress } from '../http/address.ts';
import { createCredentials } from '../http/credentials.ts';
import { aFunction, serviceOptions, serviceRequirements, someText } from '../http/options.ts';
import { post, type Fetch, type Sign } from '../http/post.ts';
import type { Service } from '../http/service.ts';
import { readOptions } from '../options.ts';
import { textOf } from '../text.ts';
import { BEDROCK_CATEGORIES, readAnswer, type BedrockCategory } from './answer.ts';

export interface BedrockGuardrailOptions {
  /** The guardrail's id or ARN. */
  readonly guardrail: string;
  /** Its version, or `DRAFT`. */
  readonly version: string;
  /** Such as `eu-central-1`. */
  readonly region: string;
  /**
   * Signs each request (AWS Signature Version 4), with a library of your choice such as `aws4fetch`: keys are its
   * business, and never seen here.
   */
  readonly sign: Sign;
  /** Default: Bedrock's own address in the region. */
  readonly baseURL?: string | undefined;
  /** Whether the guardrail's own message for what it blocks becomes the message to the user. Default `true`. */
  readonly useMessage?: boolean | undefined;
  /** What sends the request. Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: Fetch | undefined;
  /** Unique in a guard. Default `bedrock-guardrail`. */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({
  guardrail: someText,
  version: z.string().check(z.regex(/^(?:[1-9]\d*|DRAFT)$/)),
  region: z.string().check(z.regex(/^[a-z\d-]+$/)),
  sign: aFunction<Sign>(),
  baseURL: serviceOptions.baseURL,
  useMessage: z.optional(z.boolean()),
  fetch: serviceOptions.fetch,
  name: serviceOptions.name,
});
const requirements = {
  guardrail: 'the id or ARN of a guardrail',
  version: "a version such as '1', or 'DRAFT'",
  region: 'a region such as eu-central-1',
  sign: 'a function that signs a request',
  baseURL: serviceRequirements.baseURL,
  useMessage: 'true or false',
  fetch: serviceRequirements.fetch,
  name: serviceRequirements.name,
};

/**
 * Asks a guardrail of Amazon Bedrock by its HTTP API, `ApplyGuardrail`, one text a request. It flags what the guardrail
 * blocks; what it only masks, or detects without blocking, has a score and no flag. Scores of content filters are steps:
 * low 1/3, medium 2/3, high 1. The text and the stage are sent.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function bedrockGuardrail(options: BedrockGuardrailOptions): Moderator<BedrockCategory> {
  const given = readOptions('bedrockGuardrail', optionsSchema, options, requirements);
  const { guardrail, version, region, sign, useMessage = true } = given;
  const own = `https://bedrock-runtime.${region}.amazonaws.com`;
  const baseURL = readAddress('bedrockGuardrail.baseURL', given.baseURL ?? own, own);
  const url = `${baseURL}/guardrail/${encodeURIComponent(guardrail)}/version/${version}/apply`;
  const credentials = createCredentials('bedrockGuardrail', undefined);
  const service: Service = { address: baseURL, key: 'sign', asset: `guardrail ${guardrail}` };

  async function judge(item: Item, { signal }: ModerateOptions): Promise<Report> {
    const text = textOf(item);
    if (text === undefined) return unsupported('kind');
    if (text.trim() === '') return clear();
    const body = { source: item.stage === 'input' ? 'INPUT' : 'OUTPUT', content: [{ text: { text } }] };
    const posted = await post({ service, url, credentials, body, signal, sign, fetch: given.fetch });
    if ('failure' in posted) return posted.failure;
    const report = readAnswer(posted.body);
    if (useMessage || !('message' in report)) return report;
    const { message: _, ...rest } = report;
    return rest;
  }

  return {
    name: given.name ?? 'bedrock-guardrail',
    revision: JSON.stringify([baseURL, guardrail, version, useMessage]),
    categories: BEDROCK_CATEGORIES,
    maxCharacters: 10_000,
    async moderate(items, moderateOptions) {
      const reports = await Promise.all(items.map((item) => judge(item, moderateOptions)));
      // Filters are open on the wire: a policy rules those beyond the declared ones by its '*'.
      return reports as readonly Report<BedrockCategory>[];
    },
  };
}
