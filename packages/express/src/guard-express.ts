import type { Guard } from '@chaperone/core';
import { guardRoute, type GuardRouteOptions } from '@chaperone/http';
import type { NextFunction, NodeRequest, NodeResponse } from './node.ts';
import { webRequest } from './request.ts';
import { clientSignal, copyHeaders, respond } from './respond.ts';

/** Middleware that judges what a client sends, and nothing of what the handlers after it answer. */
export type ExpressInputGate = (request: NodeRequest, response: NodeResponse, next: NextFunction) => Promise<void>;

/**
 * An input gate for Express 4 and 5: what a client sends is judged before the handlers after it are asked. What is blocked
 * is answered in the client's own protocol; else `request.body` is the body, parsed, without what the policy would block in
 * its older turns.
 *
 * It judges **no answer**: guard the model or the client for that, or the whole route with `toExpress(guardRoute(…))`.
 * @throws ConfigurationError for a wrong argument
 */
export function guardExpress(guard: Guard, options: GuardRouteOptions = {}): ExpressInputGate {
  const gate = guardRoute(
    async (sent: Request, pass: (sent: Request) => Promise<void>) => {
      await pass(sent);
      return new Response(null, { status: 204 });
    },
    guard,
    options,
  );
  return async (request, response, next) => {
    const signal = clientSignal(response);
    try {
      let mayPass = false;
      const answer = await gate(webRequest(request, signal), async (sent) => {
        if (sent.body) request.body = await sent.json();
        mayPass = true;
      });
      if (signal.aborted) return;
      if (!mayPass) return await respond(answer, response, signal);
      copyHeaders(answer.headers, response); // a warning, or what was not checked
    } catch (error) {
      return next(error);
    }
    next();
  };
}
