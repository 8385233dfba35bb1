import { ConfigurationError, type CallContext } from '@chaperone/core';

/**
 * A key, or a function that gives each tenant's own: `undefined` for a tenant that has none. Calls of different tenants
 * then share no request, no verdict, no quota and no breaker.
 */
export type ApiKey = string | ((tenant: string | undefined) => string | undefined | Promise<string | undefined>);

/** How a service is shown a key: in this header, after this word. */
export interface KeyHeader {
  readonly name: string;
  readonly scheme?: string;
}

export const BEARER: KeyHeader = { name: 'authorization', scheme: 'Bearer' };

/** As whom a service is asked. */
export interface Credentials {
  /** The headers of a request made for this context; undefined where there is no key for its tenant. */
  readonly headersFor: (context: CallContext | undefined) => Promise<Headers | undefined>;
  /** Present where tenants have keys of their own. */
  readonly partition?: (context: CallContext) => string;
}

/** @throws ConfigurationError when the key is a text that no header can carry. */
export function createCredentials(
  factory: string,
  apiKey: ApiKey | undefined,
  header: KeyHeader = BEARER,
): Credentials {
  if (typeof apiKey === 'function')
    return {
      partition: ({ tenant }) => JSON.stringify(tenant ?? null), // so that no tenant can be called like none
      async headersFor(context) {
        try {
          const key = await apiKey(context?.tenant);
          return typeof key === 'string' && key.trim() !== '' ? headersWith(key, header) : undefined;
        } catch {
          return undefined; // what it threw may hold a key
        }
      },
    };
  let headers: Headers;
  try {
    headers = headersWith(apiKey, header);
  } catch {
    // Without the platform's own error as a cause: that one repeats the key.
    throw new ConfigurationError(`${factory}.apiKey`, 'holds characters that no HTTP header can carry');
  }
  return { headersFor: async () => headers };
}

function headersWith(key: string | undefined, { name, scheme }: KeyHeader): Headers {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
  if (key !== undefined) headers.set(name, scheme === undefined ? key : `${scheme} ${key}`);
  return headers;
}
