export { httpModeration, type HTTPModerationOptions } from './http-moderation.ts';
