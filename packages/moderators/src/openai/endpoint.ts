import { ConfigurationError } from '@chaperone/core';
import { readAddress } from '../http/address.ts';
import { createCredentials, type ApiKey, type Credentials } from '../http/credentials.ts';
import { readEnvironment } from '../http/environment.ts';

/** Where OpenAI is asked, and as whom. */
export interface Endpoint {
  /** Without a slash at its end. */
  readonly baseURL: string;
  readonly credentials: Credentials;
  /** Whether it is OpenAI's own server. */
  readonly isOpenAI: boolean;
}

const OPENAI = 'https://api.openai.com/v1';

/**
 * What was given, else the environment, else OpenAI's own address: the order of OpenAI's SDK, so that a key set up for
 * one server is not sent to another.
 *
 * @throws ConfigurationError when an address is none, or when OpenAI is to be asked and there is no key.
 */
export function resolveEndpoint(
  factory: string,
  given: { readonly apiKey?: ApiKey | undefined; readonly baseURL?: string | undefined },
): Endpoint {
  const address = given.baseURL ?? readEnvironment('OPENAI_BASE_URL') ?? OPENAI;
  const example = `${OPENAI} (it comes from OPENAI_BASE_URL when not passed)`;
  const baseURL = readAddress(`${factory}.baseURL`, address, example);
  const isOpenAI = new URL(baseURL).origin === new URL(OPENAI).origin;
  const apiKey = given.apiKey ?? readEnvironment('OPENAI_API_KEY');
  if (apiKey === undefined && isOpenAI)
    throw new ConfigurationError(
      `${factory}.apiKey`,
      'is missing: pass apiKey, or set OPENAI_API_KEY in the environment',
    );
  return { baseURL, credentials: createCredentials(factory, apiKey), isOpenAI };
}
