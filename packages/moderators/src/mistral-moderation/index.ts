export { mistralModeration, type MistralCategory, type MistralModerationOptions } from './mistral-moderation.ts';
