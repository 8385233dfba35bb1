import {
  type CallContext,
  type CallOptions,
  ConfigurationError,
  type Guard,
  isConfigurationError,
} from '@chaperone/core';
import { type Endpoint, endpointOf, PASSES_BY, UNSEEN } from './endpoints.ts';
import { checkInlineModeration, withInlineModeration } from './inline-moderation.ts';
import { writeFrames } from './wire/frames.ts';
import { type FetchArguments, type Incoming, methodOf, readIncoming, urlOf } from './wire/incoming.ts';
import { checkOptions, type GuardFetchOptions, inlineOf } from './options.ts';
import type { OpenAIRequest } from './wire/request.ts';
import { answerResponse, guardErrorResponse, refusalErrorResponse, streamResponse } from './wire/http.ts';
import { Upstream } from './wire/upstream.ts';

const UNREADABLE = 'The guard could not read the body of the call, so the call was not sent.';
const UNKNOWN =
  "No guard covers this path, and unknownPaths is 'refuse', so the call was not sent. Use a client without the guard, or unknownPaths: 'pass'.";

/**
 * A `fetch` whose calls are guarded, for anything that speaks the OpenAI wire: `/chat/completions`, `/responses`,
 * `/completions` and the prompts of `/images`. It throws what the inner `fetch` throws and what the caller's abort
 * throws, and nothing else: clients take a throw for a lost connection and try again.
 * @param fetch what sends the calls; undefined: the global `fetch` of the moment of each call
 * @throws ConfigurationError for a wrong argument
 */
export function guardFetch(
  fetch: typeof globalThis.fetch | undefined,
  guard: Guard,
  options: GuardFetchOptions = {},
): typeof globalThis.fetch {
  checkOptions(fetch, guard, options);
  const inline = inlineOf(options);
  if (inline) checkInlineModeration(guard, inline);
  const isOpen = options.unknownPaths !== 'refuse';
  guard.declare('@chaperone/openai', [...(isOpen ? PASSES_BY : []), ...UNSEEN]);
  return async (...args) => {
    const inner = fetch ?? globalThis.fetch;
    const endpoint = endpointOf(urlOf(args), methodOf(args));
    if (typeof endpoint !== 'string') {
      const moderated = inline && endpoint.canModerate ? withInlineModeration(endpoint, inline) : endpoint;
      return guardCall(inner, guard, options, moderated, args);
    }
    return endpoint === 'passes' || isOpen ? inner(...args) : guardErrorResponse(400, 'unsupported_endpoint', UNKNOWN);
  };
}

async function guardCall(
  inner: typeof globalThis.fetch,
  guard: Guard,
  options: GuardFetchOptions,
  endpoint: Endpoint,
  args: FetchArguments,
): Promise<Response> {
  const incoming = await readIncoming(args, endpoint.takesForms);
  if (incoming === undefined) return guardErrorResponse(400, 'unreadable_request', UNREADABLE);
  const upstream = new Upstream(inner, incoming);
  const answer = endpoint.isStream(incoming.request) ? guardedStream : guardedReply;
  const response = await answer(guard, options, endpoint, incoming, upstream).catch(
    (error: unknown) => upstream.outcomeOf(error) ?? failureResponse(error),
  );
  await upstream.release(response);
  return response;
}

async function guardedReply(
  guard: Guard,
  options: GuardFetchOptions,
  endpoint: Endpoint,
  incoming: Incoming,
  upstream: Upstream,
): Promise<Response> {
  const { reply, refusal, input, output } = await guard.reply(
    endpoint.adapter,
    incoming.request,
    (request, { signal }) => upstream.reply(prepared(endpoint, incoming, request), signal, endpoint.isRead),
    callOptions(options, incoming),
  );
  const decisions = { ...(input && { input }), ...(output && { output }) };
  const isError = refusal && (!endpoint.isRead || (refusal.stage === 'input' && options.as === 'error'));
  if (isError || reply.changed === true) await upstream.discard(reply);
  if (refusal?.stage === 'input' && !incoming.isReadable)
    return guardErrorResponse(400, 'unreadable_request', UNREADABLE);
  return refusal && isError
    ? refusalErrorResponse(refusal, endpoint.param, decisions)
    : answerResponse(reply, { ...decisions, ...(refusal && { refusal: refusal.decision }) });
}

async function guardedStream(
  guard: Guard,
  options: GuardFetchOptions,
  endpoint: Endpoint,
  incoming: Incoming,
  upstream: Upstream,
): Promise<Response> {
  const { stream, refusal, input } = await guard.stream(
    endpoint.adapter,
    incoming.request,
    (request, { signal }) => upstream.stream(prepared(endpoint, incoming, request), signal),
    callOptions(options, incoming),
  );
  const decisions = input && { input };
  if (refusal === undefined) return streamResponse(writeFrames(stream), upstream.streamed, { ...decisions });
  return options.as === 'error'
    ? refusalErrorResponse(refusal, endpoint.param, { ...decisions })
    : streamResponse(writeFrames(stream), undefined, { ...decisions, refusal: refusal.decision });
}

function prepared({ prepare }: Endpoint, { isReadable }: Incoming, request: OpenAIRequest): OpenAIRequest {
  return isReadable ? (prepare?.(request) ?? request) : request;
}

function callOptions({ context }: GuardFetchOptions, { request, signal }: Incoming): CallOptions {
  return { ...(context && { context: contextOf(context, request) }), ...(signal && { signal }) };
}

function contextOf(context: (request: OpenAIRequest) => CallContext, request: OpenAIRequest): CallContext {
  try {
    return context(request);
  } catch (error) {
    throw new ConfigurationError(
      'guardFetch.context',
      `failed with ${error instanceof Error ? error.name : 'a throw'}`,
    );
  }
}

function failureResponse(error: unknown): Response {
  return isConfigurationError(error)
    ? guardErrorResponse(500, 'guard_configuration', error.message)
    : guardErrorResponse(500, 'guard_failed', 'The guard failed. Nothing was passed on.');
}
