import type { Message } from '@chaperone/core';
import { chatCompletions, type OpenAIRequest } from '@chaperone/openai';
import { at } from '../../value.ts';
import { withBesides } from './besides.ts';
import type { BodyForm, RouteRequest } from './form.ts';

/** What a chat completion is asked with beside its messages: numbers, and names that the server knows. */
const PARAMETERS: readonly string[] = [
  'messages',
  'model',
  'stream',
  'stream_options',
  'response_format',
  'tool_choice',
  'reasoning_effort',
  'service_tier',
  'user',
];

/** `{ messages: [{ role, content }] }`, as OpenAI and most chats have it. */
export const openaiMessages: BodyForm = {
  protocol({ body, headers }) {
    if (at(body, 'stream') === true) return 'openai-stream';
    const isOpenAI = at(body, 'model') !== undefined || (headers.get('accept') ?? '').includes('application/json');
    return isOpenAI ? 'openai' : 'text';
  },
  read: (request) =>
    withBesides(
      chatCompletions.readRequest(sent(request)).messages.map(byNobodyWeKnow),
      request.body ?? {},
      PARAMETERS,
    ),
  rewrite: (request, edits) => chatCompletions.rewriteRequest(sent(request), edits)?.body,
  addFeedback: (request, feedback) => chatCompletions.addFeedback(sent(request), feedback)?.body,
};

export function sent({ url, headers, body = {} }: RouteRequest): OpenAIRequest {
  return { url, headers, body };
}

/** A browser may send whatever it likes as `system`: that is not the developer's own. */
function byNobodyWeKnow(message: Message): Message {
  if (message.role !== 'system') return message;
  const segments = message.segments.map((segment) => ({ ...segment, role: 'user' as const }));
  return { ...message, role: 'user', segments };
}
