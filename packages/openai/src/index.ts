export { guardOpenAI, type OpenAIClient } from './guard-openai.ts';
export { guardFetch } from './guard-fetch.ts';
export type { GuardFetchOptions } from './options.ts';
export type { InlineModeration } from './inline-moderation.ts';
export type { OpenAIRequest } from './wire/request.ts';
export type { JsonObject } from './wire/json.ts';

// The wire by itself: for those who stand in its way elsewhere, as routes do.
export { chatAdapter as chatCompletions } from './chat/adapter.ts';
export type { Answer } from './wire/answer.ts';
export { endFrame, writeFrame, type Frame } from './wire/frame.ts';
export { markFrame, readFrames, writeFrames } from './wire/frames.ts';
