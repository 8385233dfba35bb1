import type { LanguageModel, LanguageModelMiddleware } from 'ai';

// The SDK's own types for what passes between it and a provider, read off the one type that takes all of them. So they
// are those of the installed `ai`: V4 of its version 7, V3 of its version 6.

type WrapGenerate = NonNullable<LanguageModelMiddleware['wrapGenerate']>;
type WrapStream = NonNullable<LanguageModelMiddleware['wrapStream']>;

/** A model as middleware sees it: whatever is around it. */
export type Model = Parameters<WrapGenerate>[0]['model'];
/** What a call sends. */
export type CallOptions = Parameters<WrapGenerate>[0]['params'];
/** What comes back at once. */
export type GenerateResult = Awaited<ReturnType<WrapGenerate>>;
/** What comes back as a stream. */
export type StreamResult = Awaited<ReturnType<WrapStream>>;
/** The smallest unit of a stream. */
export type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never;

export type PromptMessage = CallOptions['prompt'][number];
export type FinishReason = GenerateResult['finishReason'];
export type TokenUsage = GenerateResult['usage'];
export type ContentPart = GenerateResult['content'][number];
export type ProviderMetadata = NonNullable<GenerateResult['providerMetadata']>;
export type FinishPart = Extract<StreamPart, { type: 'finish' }>;

/** The models that can be guarded without the SDK's own upgrade. */
export type GuardableModel = Extract<LanguageModel, { specificationVersion: 'v3' | 'v4' }>;
