import { ConfigurationError, type Guard } from '@chaperone/core';
import { guardedReply, guardedStream } from './guarded-call.ts';
import { declarePassing } from './passes-by.ts';
import { checkArguments, type GuardModelOptions } from './options.ts';
import type { GuardableModel, Model } from './sdk.ts';

/** The same model as far as the SDK knows it. What a provider's own class has beside that would be unguarded. */
export type GuardedModel<M extends GuardableModel> = M extends GuardableModel
  ? Pick<M, 'specificationVersion' | 'provider' | 'modelId' | 'supportedUrls' | 'doGenerate' | 'doStream'>
  : never; // of one of several models, one of several

/**
 * A model whose calls are guarded, for `generateText`, `streamText`, agents and everything else that takes one. The model
 * handed in stays as it is. What is refused comes as with `guardMiddleware`.
 * @param model one of the interface that providers for `ai` 6 (V3) or 7 (V4) have
 * @throws ConfigurationError for a wrong argument: a model's name, or one of an older interface
 */
export function guardModel<M extends GuardableModel>(
  model: M,
  guard: Guard,
  options: GuardModelOptions = {},
): GuardedModel<M> {
  checkArguments('guardModel', guard, options);
  checkModel(model);
  declarePassing(guard);
  const setting = { guard, options };
  // V3 is to this package what it has in common with V4: where they differ, in files, values are read, not types.
  const inner = model as Model;
  const guarded: Model = {
    specificationVersion: inner.specificationVersion,
    provider: inner.provider,
    modelId: inner.modelId,
    supportedUrls: inner.supportedUrls,
    doGenerate: (call) => guardedReply(setting, inner, call),
    doStream: (call) => guardedStream(setting, inner, call),
  };
  return guarded as GuardedModel<M>; // it says the same version as the model
}

function checkModel(model: unknown): void {
  if (typeof model === 'string')
    throw new ConfigurationError('guardModel.model', 'is a name: hand in the model itself, such as gateway(name)');
  const version: unknown =
    typeof model === 'object' && model !== null ? Reflect.get(model, 'specificationVersion') : '';
  if (version === 'v2')
    throw new ConfigurationError(
      'guardModel.model',
      'has the interface of ai 5: use wrapLanguageModel({ model, middleware: guardMiddleware(guard) }), which upgrades it',
    );
  if (version !== 'v3' && version !== 'v4')
    throw new ConfigurationError('guardModel.model', 'must be a language model of the AI SDK');
}
