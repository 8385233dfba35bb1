import { failed, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { readRetryAfter } from './retry-after.ts';

/** What a detail may name: it holds no key, no text and nothing of the response's body. */
export interface Asked {
  readonly model: string;
  readonly baseURL: string;
}

/** What an answer that is no success means: whose fault it is, and whether asking again can help. */
export async function readFailure(response: Response, asked: Asked): Promise<Report<never>> {
  if (response.status === 429) return readQuota(response);
  await discard(response);
  return explain(response, asked);
}

function explain({ status, headers, type }: Response, { model, baseURL }: Asked): Report<never> {
  // A redirect is not followed: fetch would drop the key on the way to another host, and still send it the text.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400))
    return failed('denied', { detail: `${baseURL} answers with a redirect: set baseURL to where it leads.` });
  if (status === 401)
    return failed('denied', { detail: `The key was not accepted by ${baseURL}: check apiKey or OPENAI_API_KEY.` });
  if (status === 403)
    return failed('denied', { detail: `The key's project has no permission to use ${model} at ${baseURL}.` });
  if (status === 404)
    return failed('denied', { detail: `There is no model ${model}, or no moderation endpoint, at ${baseURL}.` });
  if (status === 408 || status >= 500)
    return failed('unavailable', { ...retryAfter(headers), detail: `${baseURL} answered HTTP ${status}.` });
  return failed('refused', { detail: `${baseURL} did not accept the request: HTTP ${status}.` });
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
