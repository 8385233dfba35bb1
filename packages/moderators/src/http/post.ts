import { failed, type CallContext, type Report } from '@chaperone/core';
import type { Credentials } from './credentials.ts';
import { readFailure } from './failure.ts';
import type { Service } from './service.ts';

/** What sends a request: the global `fetch`, or one that was handed in. */
export type Fetch = typeof globalThis.fetch;

/** One question to a service. */
export interface PostRequest {
  readonly service: Service;
  readonly url: string;
  readonly credentials: Credentials;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly context?: CallContext | undefined;
  readonly fetch?: Fetch | undefined;
  /** Signs the request, for a service that wants that. */
  readonly sign?: Sign | undefined;
}

/** Signs a request, as AWS wants it: gives the same request with the headers that prove who sends it. */
export type Sign = (request: Request) => Request | Promise<Request>;

/** Its answer, read as JSON (`undefined` where it is none), or why there is none. */
export type Posted = { readonly body: unknown } | { readonly failure: Report<never> };

/** Asks a service by `POST`, JSON both ways. Never throws, and no failure holds a key, a text or a part of the answer. */
export async function post(request: PostRequest): Promise<Posted> {
  const { service, url, credentials, body, signal, context } = request;
  if (signal.aborted) return { failure: failed('aborted') };
  try {
    const headers = await credentials.headersFor(context);
    if (!headers) return { failure: failed('denied', { detail: 'There is no key for this tenant: see apiKey.' }) };
    const send = request.fetch ?? globalThis.fetch;
    const init: RequestInit = {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      redirect: 'manual', // `'error'` would say the same, but Workers do not have it
      signal,
    };
    const signed = request.sign && (await signWith(request.sign, new Request(url, init)));
    if (request.sign && !signed)
      return { failure: failed('denied', { detail: 'The request could not be signed: see sign.' }) };
    const response = await (signed ? send(signed) : send(url, init));
    if (!response.ok) return { failure: await readFailure(response, service) };
    return { body: parseJSON(await response.text()) };
  } catch {
    // The platform's error is not passed on: its message may name a proxy, a header or a part of the answer.
    if (signal.aborted) return { failure: failed('aborted') };
    return {
      failure: failed('unavailable', { retryAfterMs: 0, detail: `No whole answer came from ${service.address}.` }),
    };
  }
}

async function signWith(sign: Sign, request: Request): Promise<Request | undefined> {
  try {
    return await sign(request);
  } catch {
    return undefined; // what it threw may hold a secret
  }
}

function parseJSON(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
