import { type CallContext, ConfigurationError, type Guard } from '@chaperone/core';
import * as z from 'zod/mini';
import { INLINE_DEFAULTS, type InlineModeration } from './inline-moderation.ts';
import type { OpenAIRequest } from './wire/request.ts';

export interface GuardFetchOptions {
  /**
   * What a blocked input looks like. `'reply'`: a completion, or a stream, in which the assistant says the message;
   * `'error'`: HTTP 400 with `code: 'content_filter'`, or 503 with `code: 'content_unchecked'` where nothing was found
   * but something could not be checked. A blocked reply is always a completion. Default `'reply'`.
   */
  readonly as?: 'reply' | 'error';
  /**
   * What becomes of calls that could carry text and that nobody guards: other endpoints, and those that this version does
   * not know. `'pass'`: they are sent, unguarded; `'refuse'`: they are not, and get HTTP 400. Default `'pass'`.
   */
  readonly unknownPaths?: 'pass' | 'refuse';
  /**
   * Has OpenAI moderate in the call that generates, and takes its verdicts on text for those of `openaiModeration()`, so
   * that no second request is made. It scores and prevents nothing, so a guard needs `output: { release: 'whole' }` or
   * `log()`; an input that is to be blocked is judged by a request of its own, before the model is asked. `true`: by
   * `omni-moderation-latest`, for the moderator named `openai-moderation`. Default: off.
   */
  readonly inlineModeration?: boolean | Partial<InlineModeration>;
  /** Whose call it is, read from the request. Default: what the guard was made `with`. */
  readonly context?: (request: OpenAIRequest) => CallContext;
}

const name = z.string().check(z.regex(/\S/));
const schema = z.strictObject({
  as: z.optional(z.enum(['reply', 'error'])),
  unknownPaths: z.optional(z.enum(['pass', 'refuse'])),
  inlineModeration: z.optional(
    z.union([z.boolean(), z.strictObject({ model: z.optional(name), moderator: z.optional(name) })]),
  ),
  context: z.optional(z.custom<(request: OpenAIRequest) => CallContext>((value) => typeof value === 'function')),
});

const SAYS: { readonly [option: string]: string } = {
  as: "must be 'reply' or 'error'",
  unknownPaths: "must be 'pass' or 'refuse'",
  inlineModeration: 'must be true, or an object with model or moderator, each a name',
  context: 'must be a function that makes a CallContext of a request',
};

/** Refuses what is no option: a misspelt one would be a guard that is off. */
export function checkOptions(fetch: unknown, guard: Guard, options: GuardFetchOptions): void {
  if (fetch !== undefined && typeof fetch !== 'function')
    throw new ConfigurationError('guardFetch.fetch', 'must be a function, or undefined for the global fetch');
  if (typeof Reflect.get(Object(guard), 'reply') !== 'function')
    throw new ConfigurationError('guardFetch.guard', 'must be a guard made with createGuard');
  const issue = schema.safeParse(options).error?.issues[0];
  if (issue === undefined) return;
  if (issue.code === 'unrecognized_keys')
    throw new ConfigurationError(
      `guardFetch.${issue.keys[0]}`,
      `is not an option; there are ${Object.keys(SAYS).join(', ')}`,
    );
  const option = issue.path[0];
  if (typeof option === 'string') throw new ConfigurationError(`guardFetch.${option}`, SAYS[option] ?? 'is wrong');
  throw new ConfigurationError('guardFetch.options', 'must be an object');
}

/** The inline moderation that options ask for, if any. */
export function inlineOf({ inlineModeration = false }: GuardFetchOptions): InlineModeration | undefined {
  if (inlineModeration === false) return undefined;
  return { ...INLINE_DEFAULTS, ...(inlineModeration !== true && inlineModeration) };
}
