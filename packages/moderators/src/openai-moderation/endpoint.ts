import { ConfigurationError } from '@chaperone/core';
import { readEnvironment } from './environment.ts';

/** Where moderation is asked for, and as whom. */
export interface Endpoint {
  /** Without a slash at its end. */
  readonly baseURL: string;
  readonly headers: Headers;
}

const OPENAI = 'https://api.openai.com/v1';

/**
 * What was given, else the environment, else OpenAI's own address: the order of OpenAI's SDK, so that a key set up for
 * one server is not sent to another.
 *
 * @throws ConfigurationError when an address is none, or when OpenAI is to be asked and there is no key.
 */
export function resolveEndpoint(given: {
  readonly apiKey?: string | undefined;
  readonly baseURL?: string | undefined;
}): Endpoint {
  const baseURL = readBaseURL(given.baseURL ?? readEnvironment('OPENAI_BASE_URL') ?? OPENAI);
  const apiKey = given.apiKey ?? readEnvironment('OPENAI_API_KEY');
  if (apiKey === undefined && new URL(baseURL).origin === new URL(OPENAI).origin)
    throw new ConfigurationError(
      'openaiModeration.apiKey',
      'is missing: pass apiKey, or set OPENAI_API_KEY in the environment',
    );
  return { baseURL, headers: headersFor(apiKey) };
}

function readBaseURL(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new ConfigurationError(
      'openaiModeration.baseURL',
      'must be an http or https address such as https://api.openai.com/v1 (it comes from OPENAI_BASE_URL when not passed)',
    );
  // The address is part of `revision` and of failure details, so nothing secret may travel in it.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new ConfigurationError(
      'openaiModeration.baseURL',
      'must hold no user, password, query or fragment: pass the key as apiKey',
    );
  return url.href.replace(/\/+$/, '');
}

function headersFor(apiKey: string | undefined): Headers {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
  if (apiKey === undefined) return headers;
  try {
    headers.set('authorization', `Bearer ${apiKey}`);
  } catch {
    // Without the platform's own error as a cause: that one repeats the key.
    throw new ConfigurationError('openaiModeration.apiKey', 'holds characters that no HTTP header can carry');
  }
  return headers;
}
