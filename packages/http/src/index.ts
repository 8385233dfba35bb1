export { guardRoute, type RouteHandler } from './guard-route.ts';
export { guardHono, type HonoContext, type HonoMiddleware } from './guard-hono.ts';
export type { GuardRouteOptions } from './route/options.ts';
export type { ReadBody } from './route/forms/bare.ts';
export type { ProtocolName } from './route/protocols/protocol.ts';
export { uiChat, type UIChat } from './ui-chat.ts';

export type { Authorize } from './authorize.ts';
export { serveModeration, type ModerationHandler, type ServeModerationOptions } from './serve-moderation.ts';
