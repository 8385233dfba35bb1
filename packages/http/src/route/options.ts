import { type CallContext, ConfigurationError, type Guard, type Refusal } from '@chaperone/core';
import * as z from 'zod/mini';
import type { ReadBody } from './forms/bare.ts';
import type { ProtocolName } from './protocols/protocol.ts';

export interface GuardRouteOptions {
  /**
   * Whose call it is: user, tenant, conversation. The locale is that of `Accept-Language` unless this says another.
   * Default: what the guard was made `with`.
   */
  readonly context?: (request: Request) => CallContext | Promise<CallContext>;
  /**
   * What the user says in a body of another form than `{ messages }`, `{ message }` and `{ prompt }`: a text, or the
   * messages of the chat. What was blocked in an older turn of such a body blocks, for nothing can be taken out of it.
   */
  readonly read?: ReadBody;
  /**
   * What the client speaks, for a blocked input: there is no answer yet that would say. Default: what the body looks like
   * and what `Accept` says.
   */
  readonly protocol?: ProtocolName;
  /**
   * The HTTP status of a refusal, or a function of it. From 400 on the body is an error in the client's protocol, and what
   * could not be checked is 503. A stream that has begun has its status already. Default 200.
   */
  readonly status?: number | ((refusal: Refusal) => number);
  /** The largest body, in bytes, unpacked. Default 4 MiB. */
  readonly maxBytes?: number;
  /** Keeps a serverless function alive until events have been told: `after` of Next.js, `context.waitUntil` of Workers. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

const aFunction = (value: unknown): boolean => typeof value === 'function';
const aStatus = z.number().check(z.int(), z.minimum(200), z.maximum(599));
const schema = z.strictObject({
  context: z.optional(z.custom<GuardRouteOptions['context']>(aFunction)),
  read: z.optional(z.custom<ReadBody>(aFunction)),
  protocol: z.optional(z.enum(['ui-message-stream', 'openai', 'openai-stream', 'text', 'json'])),
  status: z.optional(z.union([aStatus, z.custom<(refusal: Refusal) => number>(aFunction)])),
  maxBytes: z.optional(z.number().check(z.int(), z.minimum(1))),
  waitUntil: z.optional(z.custom<(work: Promise<unknown>) => void>(aFunction)),
});

const SAYS: { readonly [option in keyof GuardRouteOptions]-?: string } = {
  context: 'must be a function that makes a CallContext of a request',
  read: 'must be a function that makes a text, or messages, of a body',
  protocol: "must be 'ui-message-stream', 'openai', 'openai-stream', 'text' or 'json'",
  status: 'must be an HTTP status from 200 to 599, or a function that gives one',
  maxBytes: 'must be a whole number from 1',
  waitUntil: 'must be a function that takes a promise',
};

/** Refuses what is no option: a misspelt one would be a guard that is off. */
export function checkRouteArguments(name: string, guard: Guard, options: GuardRouteOptions): void {
  if (typeof Reflect.get(Object(guard), 'stream') !== 'function')
    throw new ConfigurationError(`${name}.guard`, 'must be a guard made with createGuard');
  const issue = schema.safeParse(options).error?.issues[0];
  if (issue === undefined) return;
  if (issue.code === 'unrecognized_keys')
    throw new ConfigurationError(
      `${name}.${issue.keys[0]}`,
      `is not an option; there are ${Object.keys(SAYS).join(', ')}`,
    );
  const option = issue.path[0];
  for (const [known, says] of Object.entries(SAYS))
    if (known === option) throw new ConfigurationError(`${name}.${known}`, says);
  throw new ConfigurationError(`${name}.options`, 'must be an object');
}
