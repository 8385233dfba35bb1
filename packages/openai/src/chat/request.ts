import type { Edit, Message, RequestReading, Role, Segment } from '@chaperone/core';
import { readContent } from '../wire/content.ts';
import { at, isList, isRecord, type JsonObject, textAt } from '../wire/json.ts';
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
    messages: [
      ...textsBeside(body),
      ...messages.map((message, index) => readMessage(message, `messages[${index}]`, name)),
    ],
    actsAtOnce: actsAtOnce(body),
  };
}

function readMessage(message: unknown, path: string, name: (path: string, name: string) => string): Message {
  const said = textAt(message, 'role');
  const role = ROLES.get(said ?? '') ?? 'user'; // nobody vouches for a role that is not known
  const segments: Segment[] = [];
  const take = (segment: Segment): void => void segments.push(segment);
  readContent(message, path, role === 'tool' ? 'tool-output' : 'text', {
    role,
    name,
    take,
    place: (_element, position) => position,
  });
  if (said !== undefined && said !== 'user' && !ROLES.has(said))
    take({ kind: 'text', role, path: `${path}.role`, text: said }); // a template may write it out
  const parts = at(message, 'content');
  for (const [index, part] of (isList(parts) ? parts : []).entries()) {
    const place = `${path}.content[${index}]`;
    const isRead = segments.some((segment) => segment.path.startsWith(place)) || typeof at(part, 'text') === 'string';
    if (isRecord(part) && !isRead) take({ kind: 'text', role, path: place }); // a reference to something that is kept elsewhere
  }
  return { role, path, segments };
}

/** Fields beside the messages that some servers put before the model; they may not mind how a name is spelt. */
const BESIDE: readonly string[] = ['messages', 'prompt', 'documents', 'input', 'context'];

function textsBeside(body: JsonObject): readonly Message[] {
  const role = 'user';
  return Object.keys(body)
    .filter((key) => key !== 'messages' && BESIDE.includes(key.toLowerCase()))
    .map((path) => {
      const segments: Segment[] = [];
      const take = (segment: Segment): void => void segments.push(segment);
      readContent(body[path], path, 'text', {
        role,
        name: (_path, given) => given,
        take,
        place: (_each, index) => index,
      });
      return { role, path, segments };
    });
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
  const edited = editRequest(request, edits, replacementOf);
  const messages = edited?.body['messages'];
  if (!edited || !isList(messages)) return edited;
  const touched = new Set(edits.map(({ path }) => Number(/^messages\[(\d+)\]/.exec(path)?.[1] ?? -1)));
  return { ...edited, body: { ...edited.body, messages: withoutThoughts(messages, touched) } };
}

/** What a model thought, sealed or not, and seals of it. */
const THOUGHTS: readonly string[] = [
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'thinking',
  'thinking_blocks',
  'signature',
  'thought_signature',
  'encrypted_content',
  'extra_content',
];

/** Whatever was thought in an answer that was edited goes with it: it would bring back what was taken out. */
function withoutThoughts(messages: readonly unknown[], touched: ReadonlySet<number>): readonly unknown[] {
  const isUsers = (message: unknown): boolean => textAt(message, 'role') === 'user';
  const beginOf = (index: number): number => messages.findLastIndex((message, at) => at <= index && isUsers(message));
  const begins = new Set([...touched].filter((index) => textAt(messages[index], 'role') === 'assistant').map(beginOf));
  return messages.map((message, index) => {
    if (!isRecord(message) || message['role'] !== 'assistant' || !begins.has(beginOf(index))) return message;
    return Object.fromEntries(Object.entries(message).filter(([key]) => !THOUGHTS.includes(key)));
  });
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
  const { n, prompt } = body;
  const each = typeof n === 'number' && n >= 1 ? Math.min(Math.floor(n), 128) : 1;
  // Of legacy completions each prompt of a list has its own.
  const prompts = isList(prompt) && prompt.some((one) => typeof one !== 'number') ? prompt.length : 1;
  return each * Math.max(1, prompts);
}

/** Whether the reply is to follow a format, so that a plain sentence in its content would break the reader. */
export function wantsStructure({ body }: OpenAIRequest): boolean {
  const type = textAt(body['response_format'], 'type');
  return type === 'json_schema' || type === 'json_object';
}
