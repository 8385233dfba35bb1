export { openaiModeration, type OpenAICategory, type OpenAIModerationOptions } from './openai-moderation/index.ts';
export { blocklist, type BlocklistOptions } from './blocklist/index.ts';
