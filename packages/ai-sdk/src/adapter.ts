import type { ChatAdapter } from '@chaperone/core';
import { expectedOf } from './expected.ts';
import { rewritePrompt } from './prompt/edit.ts';
import { addFeedback } from './prompt/feedback.ts';
import { readPrompt } from './prompt/read.ts';
import { addReplyUsage, isProviderBlock, readReply } from './reply/read.ts';
import { refuseReply } from './reply/refusal.ts';
import type { CallOptions, GenerateResult, StreamPart } from './sdk.ts';
import { openStream } from './stream/reader.ts';

/**
 * What passes between the SDK and the models of all providers, for the calls that expect what this one does.
 * @param provider whose model is asked, as the model says
 */
export function languageModelAdapter(
  call: CallOptions,
  provider = '',
): ChatAdapter<CallOptions, GenerateResult, StreamPart> {
  const expected = expectedOf(call);
  return {
    name: 'ai-sdk-language-model',
    readRequest: (request) => readPrompt(request, provider),
    rewriteRequest: rewritePrompt,
    addFeedback,
    readReply: (reply) => readReply(reply, call, expected),
    isProviderBlock,
    refuse: refuseReply,
    addUsage: addReplyUsage,
    openStream,
  };
}
