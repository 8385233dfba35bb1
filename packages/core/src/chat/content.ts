import { ContentError } from '../errors.ts';
import type { Stage } from '../moderation/moderator.ts';
import { isObject, isText } from '../is.ts';
import { chatMessages, contentSegments } from '../schemas.ts';
import { validate } from '../validate.ts';
import { ROLES, type Message, type Role, type Segment } from './segment.ts';

/** A part of a message: text, or an image by its address or bytes. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: string | URL | Uint8Array };

/** A message of a plain chat, for `wrap` and `check`. */
export interface ChatMessage {
  /** `developer` counts as `system`, `function` as `tool`; any other role as `user`, for nobody vouches for it. */
  readonly role: string;
  readonly content: string | readonly ContentPart[];
}

/** What `check` takes: a text, an image, segments, or the messages of a chat. */
export type Content = string | URL | Uint8Array | readonly Segment[] | readonly ChatMessage[];

/** Reads what somebody wants checked. Throws a `ContentError` that says where it is no content. */
export function readContent(content: unknown, stage: Stage): readonly Message[] {
  const role: Role = stage === 'input' ? 'user' : 'assistant';
  if (typeof content === 'string') return [single({ kind: 'text', role, path: 'content', text: content })];
  if (content instanceof URL || content instanceof Uint8Array)
    return [single({ kind: 'image', role, path: 'content', image: content })];
  if (!Array.isArray(content))
    throw new ContentError('content', 'must be a string, an image (URL or bytes), segments or messages');
  if (isChat(content)) return readMessages(content, 'content');
  return validate(contentSegments, content, 'content', ContentError).map(
    ({ kind, role: author, path, text, image: picture }, index) =>
      single({
        kind,
        role: author,
        path: path ?? `content[${index}]`,
        ...(text !== undefined && { text }),
        ...(picture !== undefined && { image: picture }),
      }),
  );
}

/** Whether content is the messages of a chat. */
export function isChat(content: unknown): boolean {
  return Array.isArray(content) && content.some((item) => isObject(item) && 'content' in item);
}

/** Reads the messages of a plain chat. */
export function readMessages(messages: unknown, path: string): readonly Message[] {
  return validate(chatMessages, messages, path, ContentError).map(({ role: name, content }, index) => {
    const role = roleOf(name);
    const at = `${path}[${index}]`;
    const kind = role === 'tool' ? 'tool-output' : 'text';
    const segments: readonly Segment[] =
      typeof content === 'string'
        ? [{ kind, role, path: `${at}.content`, text: content }]
        : content.map((part, place) => {
            const where = { role, path: `${at}.content[${place}]` };
            return part.type === 'text'
              ? { ...where, kind, text: part.text }
              : { ...where, kind: 'image', image: isText(part.image) ? new URL(part.image) : part.image };
          });
    return { role, path: at, segments };
  });
}

function roleOf(name: string): Role {
  if (name === 'developer') return 'system';
  if (name === 'function') return 'tool';
  return ROLES.find((role) => role === name) ?? 'user';
}

function single(segment: Segment): Message {
  return { role: segment.role, path: segment.path, segments: [segment] };
}
