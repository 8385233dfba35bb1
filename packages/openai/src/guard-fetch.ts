import {
  type CallContext,
  type CallOptions,
  ConfigurationError,
  type Guard,
  isConfigurationError,
} from '@chaperone/core';
import { chatAdapter } from './chat/adapter.ts';
import { writeFrames } from './wire/frames.ts';
import { type FetchArguments, type Incoming, methodOf, readIncoming, urlOf } from './wire/incoming.ts';
import { checkOptions, type GuardFetchOptions } from './options.ts';
import { type OpenAIRequest, wantsStream } from './wire/request.ts';
import { answerResponse, guardErrorResponse, refusalErrorResponse, streamResponse } from './wire/http.ts';
import { routeOf } from './route.ts';
import { Upstream } from './wire/upstream.ts';

const UNSUPPORTED =
  'This guard does not cover the Responses API yet, so the call was not sent. Use /chat/completions, or a client without the guard.';
const UNREADABLE = 'The guard could not read the body as a JSON object, so the call was not sent.';

/**
 * A `fetch` whose calls to `/chat/completions` are guarded, for anything that speaks the OpenAI wire. Calls to
 * `/responses` are refused; all others pass untouched. It throws what the inner `fetch` throws and what the caller's
 * abort throws, and nothing else: clients take a throw for a lost connection and try again.
 * @param fetch what sends the calls; undefined: the global `fetch` of the moment of each call
 * @throws ConfigurationError for a wrong argument
 */
export function guardFetch(
  fetch: typeof globalThis.fetch | undefined,
  guard: Guard,
  options: GuardFetchOptions = {},
): typeof globalThis.fetch {
  checkOptions(fetch, guard, options);
  return async (...args) => {
    const inner = fetch ?? globalThis.fetch;
    const route = routeOf(urlOf(args), methodOf(args));
    if (route === 'other') return inner(...args);
    if (route === 'unsupported') return guardErrorResponse(400, 'unsupported_endpoint', UNSUPPORTED);
    return guardCall(inner, guard, options, args);
  };
}

async function guardCall(
  inner: typeof globalThis.fetch,
  guard: Guard,
  options: GuardFetchOptions,
  args: FetchArguments,
): Promise<Response> {
  const incoming = await readIncoming(args);
  if (incoming === undefined) return guardErrorResponse(400, 'unreadable_request', UNREADABLE);
  const upstream = new Upstream(inner, incoming);
  const answer = wantsStream(incoming.request) ? guardedStream : guardedReply;
  const response = await answer(guard, options, incoming, upstream).catch(
    (error: unknown) => upstream.outcomeOf(error) ?? failureResponse(error),
  );
  await upstream.release(response);
  return response;
}

async function guardedReply(
  guard: Guard,
  options: GuardFetchOptions,
  incoming: Incoming,
  upstream: Upstream,
): Promise<Response> {
  const { reply, refusal, input, output } = await guard.reply(
    chatAdapter,
    incoming.request,
    (request, { signal }) => upstream.reply(request, signal),
    callOptions(options, incoming),
  );
  const decisions = { ...(input && { input }), ...(output && { output }) };
  return refusal?.stage === 'input' && options.as === 'error'
    ? refusalErrorResponse(refusal, decisions)
    : answerResponse(reply, { ...decisions, ...(refusal && { refusal: refusal.decision }) });
}

async function guardedStream(
  guard: Guard,
  options: GuardFetchOptions,
  incoming: Incoming,
  upstream: Upstream,
): Promise<Response> {
  const { stream, refusal, input } = await guard.stream(
    chatAdapter,
    incoming.request,
    (request, { signal }) => upstream.stream(request, signal),
    callOptions(options, incoming),
  );
  const decisions = input && { input };
  if (refusal === undefined) return streamResponse(writeFrames(stream), upstream.streamed, { ...decisions });
  return options.as === 'error'
    ? refusalErrorResponse(refusal, { ...decisions })
    : streamResponse(writeFrames(stream), undefined, { ...decisions, refusal: refusal.decision });
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
