import type { ChatAdapter, ChunkReader, Edit, Refusal, ReplyReading } from './adapter.ts';
import { REFUSAL_BREAK } from './refusal-break.ts';
import { readMessages, type ChatMessage, type ContentPart } from './content.ts';

/** A reply, or a piece of one, that is nothing but text. An object, so that a refusal can be told from any other. */
export interface Text {
  readonly text: string;
}

const PATH = 'text';

/** The plainest protocol: messages in, text out. What `wrap` speaks. */
export const textAdapter: ChatAdapter<readonly ChatMessage[], Text, Text> = {
  name: 'text',
  readRequest: (messages) => ({ messages: readMessages(messages, 'messages') }),
  rewriteRequest: (messages, edits) =>
    messages.map((message, index) =>
      rewrite(message, `messages[${index}].content`, new Map(edits.map((edit) => [edit.path, edit]))),
    ),
  addFeedback: (messages, feedback) => [...messages, { role: 'system', content: feedback }],
  readReply: read,
  refuse: (_request, { message }) => ({ text: message }),
  addUsage: (reply) => reply,
  openStream,
};

function openStream(): ChunkReader<Text> {
  let hasLeft = false;
  return {
    read,
    left: ({ text }) => void (hasLeft ||= text !== ''),
    without: () => undefined,
    refuse: ({ message }: Refusal) => [{ text: hasLeft ? REFUSAL_BREAK + message : message }],
    addUsage: (chunk) => chunk,
  };
}

function read({ text }: Text): ReplyReading {
  return { segments: [{ kind: 'text', role: 'assistant', path: PATH, text }] };
}

function rewrite(message: ChatMessage, path: string, edits: ReadonlyMap<string, Edit>): ChatMessage {
  const edit = edits.get(path);
  if (edit) return { ...message, content: edit.placeholder };
  if (typeof message.content === 'string') return message;
  const content = message.content.map((part, index): ContentPart => {
    const partEdit = edits.get(`${path}[${index}]`);
    return partEdit ? { type: 'text', text: partEdit.placeholder } : part;
  });
  return { ...message, content };
}
