import type { Edit, Message } from '@chaperone/core';
import type { JsonObject } from '../../value.ts';
import type { ProtocolName } from '../protocols/protocol.ts';

/** What came to a route, its body read. */
export interface RouteRequest {
  readonly url: string;
  readonly headers: Headers;
  /** Undefined: a request without a body, such as GET. */
  readonly body: JsonObject | undefined;
  readonly form: BodyForm;
}

/** What a body looks like, and so what its sender expects to come back. */
export interface BodyForm {
  /** What the sender speaks, as far as the request says. */
  protocol(request: RouteRequest): ProtocolName;
  read(request: RouteRequest): readonly Message[];
  /** The body with each named segment replaced, or undefined where it may not be rewritten. */
  rewrite(request: RouteRequest, edits: readonly Edit[]): JsonObject | undefined;
  /** The body with a word to the model, or undefined where there is no place for one. */
  addFeedback(request: RouteRequest, feedback: string): JsonObject | undefined;
}
