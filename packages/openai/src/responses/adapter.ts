import type { ChatAdapter } from '@chaperone/core';
import type { Answer } from '../wire/answer.ts';
import type { Frame } from '../wire/frame.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { isProviderBlock } from '../wire/upstream.ts';
import { addFeedback, readRequest, rewriteRequest } from './request.ts';
import { addResponseUsage, readResponse, refuseResponse } from './response.ts';
import { openStream } from './stream.ts';

/** `/responses`. */
export const responsesAdapter: ChatAdapter<OpenAIRequest, Answer, Frame> = {
  name: 'openai-responses',
  readRequest,
  rewriteRequest,
  addFeedback,
  readReply: readResponse,
  isProviderBlock,
  refuse: refuseResponse,
  addUsage: addResponseUsage,
  openStream,
};
