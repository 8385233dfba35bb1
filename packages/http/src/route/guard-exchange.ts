import type { Decision, Guard } from '@chaperone/core';
import type { Frame } from '@chaperone/openai';
import { routeExchange } from './adapter.ts';
import { answerOf, type HandlerAnswer } from './answer.ts';
import { readRouteBody } from './body.ts';
import { contextOf } from './context.ts';
import { nothing, ownForm } from './forms/bare.ts';
import { formOf } from './forms/form-of.ts';
import type { BodyForm, RouteRequest } from './forms/form.ts';
import type { GuardRouteOptions } from './options.ts';
import { PROTOCOLS } from './protocols/protocols.ts';
import { remade } from './remade.ts';
import { complain, passBare, passOn, refuse, stricter } from './respond.ts';
import type { JsonObject } from '../value.ts';

const SHAPE =
  'The body has no chat that is known here. Send { messages }, { message } or { prompt }, or give guardRoute a function `read`.';

/** One guarded request of a route: what came is judged, the handler is asked, and what it answers is judged. */
export async function guardExchange<R extends Request>(
  guard: Guard,
  options: GuardRouteOptions,
  request: R,
  handle: (request: R, attempt: number) => Response | Promise<Response>,
): Promise<Response> {
  const came = await readRouteBody(request, options.maxBytes ?? 4 * 1024 * 1024);
  if (request.signal.aborted) return nobodyIsThere();
  if ('problem' in came) return complain(came.problem);
  const form = formFor(came.body, request, options);
  if (!form) return complain({ status: 400, message: SHAPE });

  const { url, headers } = request;
  const asked: RouteRequest = { url, headers, body: came.body, form };
  const spoken = options.protocol ?? form.protocol(asked);
  const exchange = routeExchange(spoken, { retracts: guard.explain().release === 'immediate' });
  let answer: HandlerAnswer | undefined;
  let isDelivering = false;
  const finished = Promise.withResolvers<void>();
  options.waitUntil?.(finished.promise.then(() => guard.idle()));
  try {
    const { stream, refusal, input } = await guard.stream(
      exchange.adapter,
      asked,
      async (sent, { signal, attempt }) => {
        const bytes = sent === asked ? came.bytes : encode(sent.body);
        answer = answerOf(await handle(remade(request, bytes, signal), attempt));
        exchange.answered(answer);
        return answer.frames;
      },
      {
        context: await contextOf(request, options),
        signal: request.signal,
        recognise: true,
        expects: spoken === 'json' || spoken === 'openai' ? 'reply' : 'stream',
      },
    );
    if (refusal || !answer)
      return refusal ? refuse(refusal, PROTOCOLS[spoken], stream, options) : new Response(null, { status: 500 });
    const response = await deliver(answer, stream, exchange, input, options, finished.resolve);
    isDelivering = true;
    return response;
  } catch (error) {
    if (request.signal.aborted) return nobodyIsThere();
    throw error;
  } finally {
    if (!isDelivering) finished.resolve();
  }
}

/** The client has gone: what is answered reaches nobody, and is no error of the route. */
function nobodyIsThere(): Response {
  return new Response(null, { status: 499 });
}

function formFor(
  body: JsonObject | undefined,
  request: Request,
  { read, protocol }: GuardRouteOptions,
): BodyForm | undefined {
  if (body === undefined) return nothing;
  return read ? ownForm(read(body, request), protocol) : formOf(body);
}

/** A stream begins when the handler has answered; whatever is judged as a whole waits for that, so that its head can tell. */
async function deliver(
  answer: HandlerAnswer,
  stream: AsyncIterable<Frame>,
  exchange: ReturnType<typeof routeExchange>,
  input: Decision | undefined,
  options: GuardRouteOptions,
  finished: () => void,
): Promise<Response> {
  const frames = stream[Symbol.asyncIterator]();
  if (answer.body === 'events' || answer.body === 'text')
    return passOn(answer.response, watched(frames, undefined, finished), input);
  const first = await frames.next();
  if (answer.body === 'none') {
    finished();
    return passBare(answer.response, input);
  }
  const rest = watched(frames, first, finished);
  const { refused } = exchange;
  if (refused) return refuse(refused.refusal, refused.protocol, rest, options);
  return passOn(answer.response, rest, stricter(input, exchange.output));
}

/** The frames of an answer, the first of which may be known already. */
function watched(
  frames: AsyncIterator<Frame>,
  known: IteratorResult<Frame, unknown> | undefined,
  finished: () => void,
): AsyncIterable<Frame> {
  let first = known;
  const iterator: AsyncIterableIterator<Frame> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      try {
        const result: IteratorResult<Frame, unknown> = first ?? (await frames.next());
        first = undefined;
        if (result.done !== true) return { done: false, value: result.value };
      } catch (error) {
        finished();
        throw error;
      }
      finished();
      return { done: true, value: undefined };
    },
    async return() {
      await frames.return?.();
      finished();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

function encode(body: JsonObject | undefined): Uint8Array<ArrayBuffer> | undefined {
  return body && new TextEncoder().encode(JSON.stringify(body));
}
