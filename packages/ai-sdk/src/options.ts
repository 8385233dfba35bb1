import { ConfigurationError, type CallContext, type Guard } from '@chaperone/core';
import * as z from 'zod/mini';
import type { CallOptions } from './sdk.ts';

export interface GuardModelOptions {
  /**
   * Whose call it is, read from the call. What the call says itself in `providerOptions.chaperone` goes before it. Default:
   * what the guard was made `with`.
   */
  readonly context?: (call: CallOptions) => CallContext;
}

const schema = z.strictObject({
  context: z.optional(z.custom<(call: CallOptions) => CallContext>((value) => typeof value === 'function')),
});

/** Refuses what is no option: a misspelt one would be a guard that is off. */
export function checkArguments(name: string, guard: Guard, options: object): void {
  if (typeof Reflect.get(Object(guard), 'reply') !== 'function')
    throw new ConfigurationError(`${name}.guard`, 'must be a guard made with createGuard');
  const issue = schema.safeParse(options).error?.issues[0];
  if (issue === undefined) return;
  if (issue.code === 'unrecognized_keys')
    throw new ConfigurationError(`${name}.${issue.keys[0]}`, 'is not an option; there is context');
  if (issue.path[0] === 'context')
    throw new ConfigurationError(`${name}.context`, 'must be a function that makes a CallContext of a call');
  throw new ConfigurationError(`${name}.options`, 'must be an object');
}
