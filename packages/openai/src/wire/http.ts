import { type Decision, isRefusal, markRefusal, type Refusal } from '@chaperone/core';
import type { Answer } from './answer.ts';
import { notice } from './notice.ts';

/** What the guard of a call has to say in headers. */
export interface Judgement {
  /** What the answer says instead of upstream's, or instead of some of it. */
  readonly refusal?: Decision;
  readonly input?: Decision;
  readonly output?: Decision;
}

/** Headers that speak of the bytes of a body that is not sent. */
const OF_THE_BYTES: readonly string[] = ['content-length', 'content-encoding', 'transfer-encoding'];
const STRICTNESS: readonly string[] = ['allow', 'warn', 'review', 'block'];

/** The response for a whole reply: upstream's very own where nothing is to be said. */
export function answerResponse(answer: Answer, judgement: Judgement): Response {
  const { response, body, changed } = answer;
  const notes = notesOf(judgement);
  if (changed !== true && response !== undefined) return notes.length === 0 ? response : annotate(response, notes);
  const headers = headersOf(response, notes);
  headers.set('content-type', 'application/json');
  const made = new Response(JSON.stringify(body), { ...statusOf(response), headers });
  return isRefusal(answer) ? markRefusal(made) : made;
}

/** The response for a stream. Without upstream's head: nobody asked it. */
export function streamResponse(
  body: ReadableStream<Uint8Array>,
  upstream: Response | undefined,
  judgement: Judgement,
): Response {
  const headers = headersOf(upstream, notesOf(judgement));
  if (upstream === undefined) headers.set('content-type', 'text/event-stream; charset=utf-8');
  return new Response(body, { ...statusOf(upstream), headers });
}

/** A refused input as an HTTP error that no client repeats. */
export function refusalErrorResponse(refusal: Refusal, param: string | null, judgement: Judgement): Response {
  const { message, cause } = refusal;
  const flagged = cause === 'flagged';
  const chaperone = notice(refusal);
  const error = flagged
    ? { message, type: 'invalid_request_error', param, code: 'content_filter', chaperone }
    : { message, type: 'server_error', param, code: 'content_unchecked', chaperone };
  return errorResponse(flagged ? 400 : 503, { error, chaperone }, notesOf(judgement));
}

/** An error of the guard itself, that no client repeats. */
export function guardErrorResponse(status: 400 | 500, code: string, message: string): Response {
  const type = status === 400 ? 'invalid_request_error' : 'server_error';
  return errorResponse(status, { error: { message, type, param: null, code } }, []);
}

function errorResponse(status: number, body: object, notes: readonly (readonly [string, string])[]): Response {
  const headers = headersOf(undefined, notes);
  headers.set('content-type', 'application/json');
  headers.set('x-should-retry', 'false');
  return new Response(JSON.stringify(body), { status, headers });
}

/** A refusal, what rides along with a release, and what nobody may count as passed; nothing for a clean pass. */
function notesOf({ refusal, input, output }: Judgement): readonly (readonly [string, string])[] {
  const decisions = [input, output].filter((decision) => decision !== undefined);
  const [strictest] = decisions.toSorted((a, b) => STRICTNESS.indexOf(b.action) - STRICTNESS.indexOf(a.action));
  const notes: [string, string][] = [];
  const spoken = refusal ?? strictest;
  if (spoken !== undefined && spoken.action !== 'allow')
    notes.push(['x-chaperone-decision', spoken.id], ['x-chaperone-action', spoken.action]);
  if (refusal !== undefined) notes.push(['x-should-retry', 'false']);
  const unchecked = new Set(decisions.flatMap((decision) => decision.unchecked.map(({ reason }) => reason)));
  if (unchecked.size > 0) notes.push(['x-chaperone-unchecked', [...unchecked].join(',')]);
  return notes;
}

/** The same body under more headers: those of a fetched response cannot be set. */
function annotate(response: Response, notes: readonly (readonly [string, string])[]): Response {
  const made = new Response(response.body, { ...statusOf(response), headers: headersOf(response, notes) });
  return isRefusal(response) ? markRefusal(made) : made;
}

function headersOf(upstream: Response | undefined, notes: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers(upstream?.headers);
  if (upstream !== undefined) for (const name of OF_THE_BYTES) headers.delete(name);
  for (const [name, value] of notes) headers.set(name, value);
  return headers;
}

function statusOf(upstream: Response | undefined): { readonly status?: number; readonly statusText?: string } {
  return upstream === undefined ? {} : { status: upstream.status, statusText: upstream.statusText };
}
