import { ConfigurationError, type Guard } from '@chaperone/core';
import { guardFetch } from './guard-fetch.ts';
import type { GuardFetchOptions } from './options.ts';

/** What is needed of a client: that of the `openai` package has it, and so have those made of it. */
export interface OpenAIClient {
  withOptions(options: { fetch: typeof globalThis.fetch }): this;
}

/**
 * A client of the same type whose chat completions are guarded, whatever method makes them. The client handed in stays
 * as it is.
 * @throws ConfigurationError for a wrong argument
 */
export function guardOpenAI<Client extends OpenAIClient>(
  client: Client,
  guard: Guard,
  options: GuardFetchOptions = {},
): Client {
  if (typeof Reflect.get(Object(client), 'withOptions') !== 'function')
    throw new ConfigurationError('guardOpenAI.client', 'must be a client of the openai package, version 5 or later');
  return client.withOptions({ ...forgottenBy(client), fetch: guardFetch(fetchOf(client), guard, options) });
}

/** What clients of the versions 5 and 6 forget when they are made anew: keys that a function gives, and what is Azure's. */
function forgottenBy(client: object): object {
  const apiKey: unknown = Reflect.get(Object(Reflect.get(client, '_options')), 'apiKey');
  const key = typeof apiKey === 'function' ? { apiKey } : {};
  const apiVersion: unknown = Reflect.get(client, 'apiVersion');
  const rememberedByItself = Object.hasOwn(Reflect.getPrototypeOf(client) ?? {}, 'withOptions');
  if (typeof apiVersion !== 'string' || rememberedByItself) return key;
  const deployment: unknown = Reflect.get(client, 'deploymentName');
  return {
    apiVersion,
    deployment,
    ...('apiKey' in key && { apiKey: undefined, azureADTokenProvider: apiKey }),
  };
}

/** The `fetch` that the client was made with: private to it, and passed on by `withOptions`. */
function fetchOf(client: object): typeof globalThis.fetch | undefined {
  const own: unknown = Reflect.get(client, 'fetch');
  return isFetch(own) ? own : undefined;
}

function isFetch(value: unknown): value is typeof globalThis.fetch {
  return typeof value === 'function';
}
