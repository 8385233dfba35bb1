export type { Authorize } from './authorize.ts';
export { serveModeration, type ModerationHandler, type ServeModerationOptions } from './serve-moderation.ts';
