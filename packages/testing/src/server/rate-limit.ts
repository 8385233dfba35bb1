import { json, type Delivery } from './delivery.ts';
import type { Refusal, Standing, Unit } from './quota.ts';
import { errorBody } from './wire.ts';

/** The 429 that OpenAI gives who is over a quota. It names no time to wait where no wait would help. */
export function tooManyRequests({ unit, limit, used, requested, wait }: Refusal, model: string): Delivery {
  const quota = `${model} on ${PER_MINUTE[unit]}: Limit ${limit}`;
  const waits = wait < Infinity;
  const message = waits
    ? `Rate limit reached for ${quota}, Used ${used}, Requested ${requested}. Please try again in ${duration(wait)}.`
    : `Request too large for ${quota}, Requested ${requested}. The input must be reduced in order to run successfully.`;
  const refused = json(429, errorBody(message, unit, 'rate_limit_exceeded'));
  return waits ? withHeaders(refused, retryAfter(wait)) : refused;
}

/** The same delivery with an `x-ratelimit-*` header for everything that there is to say of a quota. */
export function withRateLimit(delivery: Delivery, standings: readonly Standing[]): Delivery {
  const headers = standings.flatMap(({ unit, limit, remaining, reset }) => [
    [`x-ratelimit-limit-${unit}`, String(limit)],
    [`x-ratelimit-remaining-${unit}`, String(remaining)],
    [`x-ratelimit-reset-${unit}`, duration(reset)],
  ]);
  return withHeaders(delivery, Object.fromEntries(headers));
}

// OpenAI's words, also where the window is another.
const PER_MINUTE: { readonly [U in Unit]: string } = {
  requests: 'requests per min (RPM)',
  tokens: 'tokens per min (TPM)',
};

function retryAfter(wait: number): { readonly [name: string]: string } {
  return { 'retry-after': String(Math.ceil(wait / 1_000)), 'retry-after-ms': String(Math.ceil(wait)) };
}

/** As OpenAI writes it: `0s`, `12ms`, `1.2s`, `6m0s`; rounded up to whole milliseconds. */
function duration(milliseconds: number): string {
  const whole = Math.ceil(milliseconds);
  if (whole > 0 && whole < 1_000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  return `${minutes > 0 ? `${minutes}m` : ''}${(whole % 60_000) / 1_000}s`;
}

function withHeaders(delivery: Delivery, headers: { readonly [name: string]: string }): Delivery {
  const { head } = delivery;
  return head ? { ...delivery, head: { ...head, headers: { ...head.headers, ...headers } } } : delivery;
}
