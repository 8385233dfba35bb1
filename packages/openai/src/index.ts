export { guardOpenAI, type OpenAIClient } from './guard-openai.ts';
export { guardFetch } from './guard-fetch.ts';
export type { GuardFetchOptions } from './options.ts';
export type { InlineModeration } from './inline-moderation.ts';
export type { OpenAIRequest } from './wire/request.ts';
export type { JsonObject } from './wire/json.ts';
