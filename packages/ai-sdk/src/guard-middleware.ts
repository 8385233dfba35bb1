import type { Guard } from '@chaperone/core';
import type { LanguageModelMiddleware } from 'ai';
import { guardedReply, guardedStream } from './guarded-call.ts';
import { declarePassing } from './passes-by.ts';
import { checkArguments, type GuardModelOptions } from './options.ts';

/**
 * Middleware that guards every call of the models that it is put around: for `wrapLanguageModel`, `wrapProvider` and
 * `createProviderRegistry`. Put first, it is outermost: it sees what the user wrote before other middleware adds to it, and
 * the reply after others have changed it.
 *
 * What is refused comes as an answer: the message as text, `finishReason: 'content-filter'`, and
 * `providerMetadata.chaperone`. Where the call forces a tool or wants structured output it is a `RefusalError` instead.
 * @throws ConfigurationError for a wrong argument
 */
export function guardMiddleware(guard: Guard, options: GuardModelOptions = {}): LanguageModelMiddleware {
  checkArguments('guardMiddleware', guard, options);
  declarePassing(guard);
  const setting = { guard, options };
  return {
    specificationVersion: 'v4',
    wrapGenerate: ({ model, params }) => guardedReply(setting, model, params),
    wrapStream: ({ model, params }) => guardedStream(setting, model, params),
  };
}
