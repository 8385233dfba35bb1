import type { ChatMessage, Message, Role, Segment } from '@chaperone/core';
import type { JsonObject } from '../../value.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { BodyForm } from './form.ts';
import { singleText } from './single.ts';

const { protocol } = singleText('message');

/** A request without a body: there is nothing to judge but what comes back. */
export const nothing: BodyForm = {
  protocol,
  read: () => [],
  rewrite: () => undefined,
  addFeedback: () => undefined,
};

/** What `read` makes of a body: the text of the user, or the messages of a chat. */
export type ReadBody = (body: JsonObject, request: Request) => string | readonly ChatMessage[];

/** A body of a form of its own. Nothing can be put into it, so what is blocked in an older turn blocks. */
export function ownForm(content: string | readonly ChatMessage[], spoken: ProtocolName | undefined): BodyForm {
  const messages = typeof content === 'string' ? [{ role: 'user', content }] : content;
  return {
    ...nothing,
    protocol: (request) => spoken ?? protocol(request),
    read: () => messages.map(readMessage),
  };
}

function readMessage({ role: name, content }: ChatMessage, index: number): Message {
  const role: Role = name === 'assistant' || name === 'tool' ? name : 'user';
  const path = `messages[${index}]`;
  const kind = role === 'tool' ? 'tool-output' : 'text';
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const segments = parts.map((part, place): Segment => {
    const where = { role, path: typeof content === 'string' ? `${path}.content` : `${path}.content[${place}]` };
    if (part.type === 'text') return { ...where, kind, text: part.text };
    return { ...where, kind: 'image', image: typeof part.image === 'string' ? new URL(part.image) : part.image };
  });
  return { role, path, segments };
}
