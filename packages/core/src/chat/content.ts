import { ContentError } from '../errors.ts';
import type { Stage } from '../moderation/moderator.ts';
import { isRecord, joinPath } from '../validate.ts';
import type { Message, Role, Segment, SegmentKind } from './segment.ts';

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

const KINDS: readonly string[] = [
  'text',
  'reasoning',
  'refusal',
  'tool-input',
  'tool-output',
  'image',
  'audio',
  'video',
  'file',
] satisfies readonly SegmentKind[];
const ROLES: readonly string[] = ['user', 'assistant', 'tool', 'system'] satisfies readonly Role[];

/** Reads what somebody wants checked. Throws a `ContentError` that says where it is no content. */
export function readContent(content: unknown, stage: Stage): readonly Message[] {
  const role: Role = stage === 'input' ? 'user' : 'assistant';
  if (typeof content === 'string') return [single({ kind: 'text', role, path: 'content', text: content })];
  if (content instanceof URL || content instanceof Uint8Array)
    return [single({ kind: 'image', role, path: 'content', image: content })];
  if (!Array.isArray(content))
    throw new ContentError('content', 'must be a string, an image (URL or bytes), segments or messages');
  const items: readonly unknown[] = content;
  return items.some((item) => isRecord(item) && 'content' in item)
    ? readMessages(items, 'content')
    : items.map((item, index) => single(readSegment(item, `content[${index}]`)));
}

/** Reads the messages of a plain chat. */
export function readMessages(messages: unknown, path: string): readonly Message[] {
  if (!Array.isArray(messages)) throw new ContentError(path, 'must be an array of messages');
  return messages.map((message: unknown, index): Message => {
    const at = `${path}[${index}]`;
    if (!isRecord(message)) throw new ContentError(at, 'must be a message with a role and content');
    if (typeof message['role'] !== 'string') throw new ContentError(`${at}.role`, 'must be a string');
    const role = roleOf(message['role']);
    return { role, path: at, segments: readParts(message['content'], role, `${at}.content`) };
  });
}

function readParts(content: unknown, role: Role, path: string): readonly Segment[] {
  const kind: SegmentKind = role === 'tool' ? 'tool-output' : 'text';
  if (typeof content === 'string') return [{ kind, role, path, text: content }];
  if (!Array.isArray(content)) throw new ContentError(path, 'must be a string or an array of parts');
  return content.map((part: unknown, index): Segment => {
    const at = `${path}[${index}]`;
    if (isRecord(part) && part['type'] === 'text' && typeof part['text'] === 'string')
      return { kind, role, path: at, text: part['text'] };
    if (isRecord(part) && part['type'] === 'image')
      return { kind: 'image', role, path: at, image: readImage(part['image'], `${at}.image`) };
    throw new ContentError(
      at,
      "must be { type: 'text', text } or { type: 'image', image }; hand in other parts as segments",
    );
  });
}

function readImage(image: unknown, path: string): URL | Uint8Array {
  if (image instanceof URL || image instanceof Uint8Array) return image;
  if (typeof image === 'string' && URL.canParse(image)) return new URL(image);
  throw new ContentError(path, 'must be an address (https: or data:) or bytes');
}

function readSegment(segment: unknown, path: string): Segment {
  if (!isRecord(segment)) throw new ContentError(path, 'must be a segment');
  const { kind, role, text, image } = segment;
  if (!isKind(kind)) throw new ContentError(joinPath(path, ['kind']), `must be one of ${KINDS.join(', ')}`);
  if (!isRole(role)) throw new ContentError(joinPath(path, ['role']), `must be one of ${ROLES.join(', ')}`);
  if (text !== undefined && typeof text !== 'string')
    throw new ContentError(joinPath(path, ['text']), 'must be a string');
  if (image !== undefined && !(image instanceof URL) && !(image instanceof Uint8Array))
    throw new ContentError(joinPath(path, ['image']), 'must be a URL or bytes');
  return {
    kind,
    role,
    path: typeof segment['path'] === 'string' ? segment['path'] : path,
    ...(text === undefined ? {} : { text }),
    ...(image === undefined ? {} : { image }),
  };
}

function isKind(kind: unknown): kind is SegmentKind {
  return typeof kind === 'string' && KINDS.includes(kind);
}

function isRole(role: unknown): role is Role {
  return typeof role === 'string' && ROLES.includes(role);
}

function roleOf(role: string): Role {
  if (role === 'developer') return 'system';
  if (role === 'function') return 'tool';
  return isRole(role) ? role : 'user';
}

function single(segment: Segment): Message {
  return { role: segment.role, path: segment.path, segments: [segment] };
}
