export { openaiModeration, type OpenAIModerationOptions } from './openai-moderation.ts';
export type { OpenAICategory } from './categories.ts';
