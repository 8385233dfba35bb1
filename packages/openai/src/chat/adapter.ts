import type { ChatAdapter } from '@chaperone/core';
import { openStream } from './chunk.ts';
import type { Answer } from '../wire/answer.ts';
import { addCompletionUsage, readCompletion, refuseCompletion } from './completion.ts';
import type { Frame } from '../wire/frame.ts';
import { isProviderBlock } from '../wire/upstream.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { addFeedback, readRequest, rewriteRequest } from './request.ts';

/** `/chat/completions`, as every server that speaks the OpenAI wire understands it. */
export const chatAdapter: ChatAdapter<OpenAIRequest, Answer, Frame> = {
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
