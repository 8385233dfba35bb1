export {
  openaiModeration,
  type OpenAICategory,
  type OpenAIModerationModel,
  type OpenAIModerationOptions,
} from './openai-moderation/index.ts';
export { blocklist, type BlocklistOptions } from './blocklist/index.ts';

export type { ApiKey } from './http/credentials.ts';
export { httpModeration, type HTTPModerationOptions } from './http-moderation/index.ts';
