import type { Decision, Refusal } from '@chaperone/core';
import { type Frame, writeFrames } from '@chaperone/openai';
import type { GuardRouteOptions } from './options.ts';
import type { Protocol } from './protocols/protocol.ts';

/** Headers that speak of bytes that may not be the ones that are sent. */
const OF_THE_BYTES: readonly string[] = ['content-length', 'content-encoding', 'transfer-encoding'];

/** What the handler answered, as far as it may leave: its own head, and more headers. */
export function passOn(response: Response, frames: AsyncIterable<Frame>, decision: Decision | undefined): Response {
  const headers = noted(new Headers(response.headers), decision);
  for (const name of OF_THE_BYTES) headers.delete(name);
  const { status, statusText } = response;
  return new Response(writeFrames(frames), { status, statusText, headers });
}

/** Nothing was in the way, and nothing is read: the handler's very own response, but for more headers. */
export function passBare(response: Response, decision: Decision | undefined): Response {
  if (!decision || headersOf(decision).length === 0) return response;
  const { status, statusText, headers } = response;
  return new Response(null, { status, statusText, headers: noted(new Headers(headers), decision) });
}

/** A refusal that is all of the answer. */
export function refuse(
  refusal: Refusal,
  protocol: Protocol,
  frames: AsyncIterable<Frame>,
  { status: chosen = 200 }: GuardRouteOptions,
): Response {
  const asked = typeof chosen === 'function' ? chosen(refusal) : chosen;
  const headers = noted(new Headers(protocol.headers), refusal.decision);
  if (asked < 400) return new Response(writeFrames(frames), { status: asked, headers });
  void frames[Symbol.asyncIterator]().return?.(); // the same refusal as a stream, which nobody is to read
  const { body, contentType } = protocol.error(refusal);
  headers.delete('x-vercel-ai-ui-message-stream');
  headers.set('content-type', contentType);
  headers.set('x-should-retry', 'false');
  const status = refusal.cause === 'unchecked' && typeof chosen === 'number' ? 503 : asked;
  return new Response(body, { status, headers });
}

/** A request that cannot be read, in a form that most clients show. It repeats nothing of the request. */
export function complain({ status, message }: { readonly status: number; readonly message: string }): Response {
  const code = status === 413 ? 'request_too_large' : status === 415 ? 'unsupported_media_type' : 'invalid_request';
  return Response.json({ error: { message, type: 'invalid_request_error', param: null, code } }, { status });
}

function noted(headers: Headers, decision: Decision | undefined): Headers {
  for (const [name, value] of decision ? headersOf(decision) : []) headers.set(name, value);
  return headers;
}

/** What is told of a decision: a warning, a review or a block, and what nobody may count as passed. */
function headersOf({ id, action, unchecked }: Decision): readonly (readonly [string, string])[] {
  const reasons = [...new Set(unchecked.map(({ reason }) => reason))];
  return [
    ...(action === 'allow'
      ? []
      : ([
          ['x-chaperone-decision', id],
          ['x-chaperone-action', action],
        ] as const)),
    ...(reasons.length === 0 ? [] : ([['x-chaperone-unchecked', reasons.join(',')]] as const)),
  ];
}

const STRICTNESS: readonly string[] = ['allow', 'warn', 'review', 'block'];

/** The one of two decisions that more is to be told of. */
export function stricter(one: Decision | undefined, other: Decision | undefined): Decision | undefined {
  if (!one || !other) return one ?? other;
  const difference = STRICTNESS.indexOf(one.action) - STRICTNESS.indexOf(other.action);
  if (difference !== 0) return difference > 0 ? one : other;
  return one.unchecked.length > 0 ? one : other;
}
