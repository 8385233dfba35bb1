import type { ChatAdapter } from '@chaperone/core';
import { openStream } from './chunk.ts';
import { addCompletionUsage, type Completion, readCompletion, refuseCompletion } from './completion.ts';
import type { Frame } from './frame.ts';
import { isProviderBlock } from './upstream.ts';
import { addFeedback, type ChatRequest, readRequest, rewriteRequest } from './request.ts';

/** `/chat/completions`, as every server that speaks the OpenAI wire understands it. */
export const chatAdapter: ChatAdapter<ChatRequest, Completion, Frame> = {
  name: 'openai-chat-completions',
  readRequest,
  rewriteRequest,
  addFeedback,
  readReply: readCompletion,
  isProviderBlock,
  refuse: refuseCompletion,
  addUsage: addCompletionUsage,
  openStream,
};
