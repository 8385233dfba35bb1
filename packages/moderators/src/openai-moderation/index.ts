export type { OpenAICategory } from './categories.ts';
export type { OpenAIModerationModel } from './models.ts';
export { openaiModeration, type OpenAIModerationOptions } from './openai-moderation.ts';
