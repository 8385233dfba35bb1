import type { NextFunction, NodeRequest, NodeResponse } from './node.ts';
import { webRequest } from './request.ts';
import { clientSignal, respond } from './respond.ts';

/** A handler of Express, or of everything else that has a request and a response of Node. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse, next?: NextFunction) => Promise<void>;

/**
 * A web-standard handler, such as `guardRoute` makes, as a handler of Express 4 and 5 and of Next.js's Pages Router. The
 * body may have been parsed (`express.json()`) or not. When the client goes away, `request.signal` is aborted and the
 * answer is cancelled. What the handler throws goes to `next`, or, where there is none, is thrown.
 */
export function toExpress(handler: (request: Request) => Response | Promise<Response>): NodeHandler {
  return async (request, response, next) => {
    const signal = clientSignal(response);
    let answer: Response;
    try {
      answer = await handler(webRequest(request, signal));
    } catch (error) {
      if (signal.aborted) return; // nobody is there to be told
      if (!next) throw error;
      return next(error);
    }
    await respond(answer, response, signal);
  };
}
