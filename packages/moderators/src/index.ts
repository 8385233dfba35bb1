export {
  openaiModeration,
  type OpenAICategory,
  type OpenAIModerationModel,
  type OpenAIModerationOptions,
} from './openai-moderation/index.ts';
export { blocklist, type BlocklistOptions } from './blocklist/index.ts';

export type { ApiKey } from './http/credentials.ts';
export { httpModeration, type HTTPModerationOptions } from './http-moderation/index.ts';
export { language, type LanguageOptions } from './language/index.ts';
export { length, type LengthOptions } from './length/index.ts';
export { pattern, type PatternOptions } from './pattern/index.ts';
