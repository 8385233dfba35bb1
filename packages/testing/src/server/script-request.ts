import type { RecordedGenerationRequest } from './record.ts';
import type { ChatRequest, ChatRequestMessage, ResponsesInputItem, ResponsesRequest } from './wire.ts';

/** Any request for a generation in the form in which scripts are asked: all that was sent, with the messages of a chat. */
export function scriptRequest(record: RecordedGenerationRequest): ChatRequest {
  switch (record.endpoint) {
    case 'chat':
      return record.body;
    case 'responses':
      return { ...record.body, ...NOT_OF_A_CHAT, messages: messagesOf(record.body) };
    case 'completions': {
      const { prompt, n } = record.body;
      const prompts = typeof prompt === 'string' ? [prompt] : prompt;
      const messages = prompts.map((content) => ({ role: 'user', content }));
      return { ...record.body, logprobs: null, moderation: null, messages, n: prompts.length * (n ?? 1) };
    }
  }
}

/** What other endpoints do not have, or mean in another way. */
const NOT_OF_A_CHAT = { n: null, logprobs: null, stream_options: null } as const;

function messagesOf({ instructions, input }: ResponsesRequest): readonly ChatRequestMessage[] {
  return [...messages(instructions ?? [], 'system'), ...messages(input, 'user')];
}

function messages(said: string | readonly ResponsesInputItem[], role: string): readonly ChatRequestMessage[] {
  return typeof said === 'string' ? [{ role, content: said }] : said.map(message);
}

/** An item that names no role is a tool's, or a call that the model made of one. */
function message(item: ResponsesInputItem): ChatRequestMessage {
  const { role, type } = item;
  if (typeof role === 'string') return { ...item, role };
  return { ...item, role: typeof type === 'string' && type.endsWith('_output') ? 'tool' : 'assistant' };
}
