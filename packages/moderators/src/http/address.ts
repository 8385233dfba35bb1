import { ConfigurationError } from '@chaperone/core';

/**
 * An address without a slash at its end.
 *
 * @param example what a right one looks like
 * @throws ConfigurationError when it is none, or holds what must not be told: it stands in revisions and in failure details.
 */
export function readAddress(path: string, address: string, example: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new ConfigurationError(path, `must be an http or https address such as ${example}`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new ConfigurationError(path, 'must hold no user, password, query or fragment: pass the key as apiKey');
  return url.href.replace(/\/+$/, '');
}
