import type { Guard } from '@chaperone/core';
import { guardExchange } from './route/guard-exchange.ts';
import { checkRouteArguments, type GuardRouteOptions } from './route/options.ts';

/** A web-standard handler, with whatever its framework hands it beside the request. */
export type RouteHandler<R extends Request, Rest extends unknown[]> = (
  request: R,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * The same handler, guarded: what the client sends is judged before the handler is asked, and what it answers before the
 * client sees it. For Next.js, Workers, Bun, Deno and everything else that makes a `Response` of a `Request`.
 *
 * A refusal is an answer in the client's own protocol. An answer that a model with the same guard has already let out is
 * not judged a second time.
 * @throws ConfigurationError for a wrong argument
 */
export function guardRoute<R extends Request, Rest extends unknown[]>(
  handler: RouteHandler<R, Rest>,
  guard: Guard,
  options: GuardRouteOptions = {},
): (request: R, ...rest: Rest) => Promise<Response> {
  checkRouteArguments('guardRoute', guard, options);
  guard.declare('@chaperone/http', PASSES_BY);
  return (request, ...rest) => guardExchange(guard, options, request, (sent) => handler(sent, ...rest));
}

/** What passes by a guarded route. */
export const PASSES_BY: readonly string[] = [
  'what a handler does beside its response: what it stores, sends elsewhere, or has a tool do',
  'responses in a protocol that is not known are unsupported',
];
