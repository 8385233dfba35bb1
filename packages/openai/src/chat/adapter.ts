import type { ChatAdapter } from '@chaperone/core';
import type { Answer } from '../wire/answer.ts';
import type { Frame } from '../wire/frame.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { isProviderBlock } from '../wire/upstream.ts';
import { openStream } from './chunk.ts';
import { addCompletionUsage, readCompletion, refuseCompletion } from './completion.ts';
import { type ChoiceForm, messageForm } from './form.ts';
import { addFeedback, readRequest, rewriteRequest } from './request.ts';

/** `/chat/completions`, as every server that speaks the OpenAI wire understands it. */
export const chatAdapter: ChatAdapter<OpenAIRequest, Answer, Frame> = {
  name: 'openai-chat-completions',
  readRequest,
  rewriteRequest,
  addFeedback,
  ...answersWithChoices(messageForm),
};

/** The side of an adapter that knows answers, for those that consist of choices. */
export function answersWithChoices(
  form: ChoiceForm,
): Omit<ChatAdapter<OpenAIRequest, Answer, Frame>, 'name' | 'readRequest' | 'rewriteRequest' | 'addFeedback'> {
  return {
    readReply: readCompletion,
    isProviderBlock,
    refuse: (request, refusal, answer) => refuseCompletion(form, request, refusal, answer),
    addUsage: addCompletionUsage,
    openStream: (request) => openStream(form, request),
  };
}
