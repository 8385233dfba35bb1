import type { Guard } from '@chaperone/core';
import { PASSES_BY } from './guard-route.ts';
import { guardExchange } from './route/guard-exchange.ts';
import { checkRouteArguments, type GuardRouteOptions } from './route/options.ts';

/** What is needed of a context of Hono. */
export interface HonoContext {
  readonly req: { raw: Request; bodyCache: object };
  get res(): Response;
  set res(response: Response | undefined);
  /** Throws where the runtime has none. */
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void };
}

/** A middleware of Hono, for contexts of these bindings and variables. */
export type HonoMiddleware<C extends HonoContext> = (context: C, next: () => Promise<void>) => Promise<void>;

/**
 * Hono middleware that guards the handlers after it, as `guardRoute` does. `executionCtx.waitUntil` is used where the
 * runtime has one. Hono runs a handler once, so `retry()` takes its `otherwise`.
 * @param guard a guard, or a function that gives the one for a request: a Worker learns its keys with each
 * @throws ConfigurationError for a wrong argument
 */
export function guardHono<C extends HonoContext = HonoContext>(
  guard: Guard | ((context: C) => Guard),
  options: GuardRouteOptions = {},
): HonoMiddleware<C> {
  const checked = (given: Guard): Guard => {
    checkRouteArguments('guardHono', given, options);
    given.declare('@chaperone/http', PASSES_BY);
    return given;
  };
  if (typeof guard !== 'function') checked(guard);
  return async function guardHono(context, next) {
    const waitUntil = options.waitUntil ?? waitUntilOf(context);
    const response = await guardExchange(
      typeof guard === 'function' ? checked(guard(context)) : guard,
      { ...options, ...(waitUntil && { waitUntil }) },
      context.req.raw,
      async (sent, attempt) => {
        if (attempt > 1) throw new Error('Hono runs a handler once.');
        context.req.raw = sent;
        context.req.bodyCache = {};
        await next();
        return context.res;
      },
    );
    context.res = undefined; // or its headers would be added to the new one's
    context.res = response;
  };
}

function waitUntilOf(context: HonoContext): GuardRouteOptions['waitUntil'] {
  try {
    const { executionCtx } = context;
    return (work) => executionCtx.waitUntil(work);
  } catch {
    return undefined; // Node and others have none
  }
}
