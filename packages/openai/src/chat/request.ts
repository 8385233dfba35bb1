import type { Edit, Message, RequestReading, Role, Segment } from '@chaperone/core';
import { readContent } from '../wire/content.ts';
import { isList, type JsonObject, textAt } from '../wire/json.ts';
import { editRequest, isSigned, type OpenAIRequest } from '../wire/request.ts';
import { toolNames, unknownName } from '../wire/tool-names.ts';

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
]);

/** Every message with everything in it. Throws where there are no messages to read. */
export function readRequest({ body }: OpenAIRequest): RequestReading {
  const messages = body['messages'];
  if (!isList(messages)) throw new TypeError('The body has no list of messages.');
  const name = unknownName(toolNames(body));
  return {
    messages: messages.map((message, index) => readMessage(message, `messages[${index}]`, name)),
    actsAtOnce: actsAtOnce(body),
  };
}

function readMessage(message: unknown, path: string, name: (path: string, name: string) => string): Message {
  const role = ROLES.get(textAt(message, 'role') ?? '') ?? 'user'; // nobody vouches for a role that is not known
  const segments: Segment[] = [];
  readContent(message, path, role === 'tool' ? 'tool-output' : 'text', {
    role,
    name,
    take: (segment) => segments.push(segment),
    place: (_element, position) => position,
  });
  return { role, path, segments };
}

/** What has a provider store, search or look something up: OpenAI's, Azure's, OpenRouter's and xAI's names for it. */
const ACTING_FIELDS: readonly string[] = [
  'store',
  'web_search_options',
  'data_sources',
  'plugins',
  'search_parameters',
];

/** Whether the provider stores, searches or runs something by itself as soon as it has the request. */
function actsAtOnce(body: JsonObject): boolean {
  const { tools } = body;
  const runsHere = (tool: unknown): boolean => ['function', 'custom'].includes(textAt(tool, 'type') ?? '');
  return (
    ACTING_FIELDS.some((field) => (body[field] ?? false) !== false) ||
    /search|online/.test(textAt(body, 'model') ?? '') ||
    (isList(tools) && !tools.every(runsHere))
  );
}

/** A copy in which each segment that an edit names is a placeholder; undefined where the body is signed. */
export function rewriteRequest(request: OpenAIRequest, edits: readonly Edit[]): OpenAIRequest | undefined {
  return editRequest(request, edits, replacementOf);
}

function replacementOf({ kind, path, placeholder }: Edit, found: unknown, inList: boolean): unknown {
  switch (kind) {
    case 'tool-input':
      return typeof found === 'string' ? '{}' : {};
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return inList ? { type: 'text', text: placeholder } : null;
    default:
      return path.endsWith('.name') ? placeholder.replaceAll(/[^\w-]+/g, '') || 'removed' : placeholder; // a name has no spaces
  }
}

/** A copy that ends in a word to the model; undefined where the body is signed. */
export function addFeedback(request: OpenAIRequest, feedback: string): OpenAIRequest | undefined {
  const messages = request.body['messages'];
  if (!isList(messages) || isSigned(request.headers)) return undefined;
  const role = messages.some((message) => textAt(message, 'role') === 'developer') ? 'developer' : 'system';
  return { ...request, body: { ...request.body, messages: [...messages, { role, content: feedback }] } };
}

/** How many choices were asked for. The protocol allows 128. */
export function choicesAsked({ body }: OpenAIRequest): number {
  const { n } = body;
  return typeof n === 'number' && n >= 1 ? Math.min(Math.floor(n), 128) : 1;
}

/** Whether the reply is to follow a format, so that a plain sentence in its content would break the reader. */
export function wantsStructure({ body }: OpenAIRequest): boolean {
  const type = textAt(body['response_format'], 'type');
  return type === 'json_schema' || type === 'json_object';
}
