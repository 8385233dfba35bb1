import { failed, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readRetryAfter } from './retry-after.ts';
import type { Service } from './service.ts';

/**
 * What an answer that is no success means: whose fault it is, and whether asking again can help. Nothing of the body is
 * repeated.
 */
export async function readFailure(response: Response, service: Service): Promise<Report<never>> {
  if (response.status === 429) return readQuota(response);
  await discard(response);
  return explain(response, service);
}

function explain({ status, headers, type }: Response, { address, key, asset }: Service): Report<never> {
  // A redirect is not followed: fetch would drop the key on the way to another host, and still send it the text.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400))
    return failed('denied', { detail: `${address} answers with a redirect: set baseURL to where it leads.` });
  if (status === 401) return failed('denied', { detail: `The key was not accepted by ${address}: check ${key}.` });
  if (status === 403)
    return failed('denied', { detail: `The key's project has no permission to use ${asset} at ${address}.` });
  if (status === 404) return failed('denied', { detail: `There is no ${asset}, or no such endpoint, at ${address}.` });
  if (status === 408 || status >= 500)
    return failed('unavailable', { ...retryAfter(headers), detail: `${address} answered HTTP ${status}.` });
  return failed('refused', { detail: `${address} did not accept the request: HTTP ${status}.` });
}

const exhaustedSchema = z.object({ error: z.object({ code: z.literal('insufficient_quota') }) });

/** A rate limit passes; an account without credit does not, and OpenAI answers 429 to both. */
async function readQuota(response: Response): Promise<Report<never>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (exhaustedSchema.safeParse(body).success)
    return failed('quota', { detail: 'The account has no quota left: check its plan and billing.' });
  return failed('quota', { ...retryAfter(response.headers), detail: 'The rate limit is reached.' });
}

function retryAfter(headers: Headers): { readonly retryAfterMs?: number } {
  const retryAfterMs = readRetryAfter(headers);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

/** Lets the connection go: a body that nobody reads would hold it. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}
