export { guardOpenAI, type OpenAIClient } from './guard-openai.ts';
export { guardFetch } from './guard-fetch.ts';
export type { GuardFetchOptions } from './options.ts';
export type { ChatRequest } from './request.ts';
export type { JsonObject } from './json.ts';
