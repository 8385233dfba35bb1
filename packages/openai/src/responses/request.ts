import type { Edit, Message, RequestReading, Segment } from '@chaperone/core';
import { at, isList, isRecord, type JsonObject, textAt } from '../wire/json.ts';
import { editRequest, isSigned, type OpenAIRequest } from '../wire/request.ts';
import { toolNames, unknownName } from '../wire/tool-names.ts';
import { readInputItem, readPart, unseen } from './items.ts';

/** What the provider keeps and puts before the input: it is part of the chat, and not of the request. */
const KEPT_ELSEWHERE: readonly string[] = ['previous_response_id', 'conversation', 'prompt'];

/** Every item with everything in it. Throws where there is nothing to read. */
export function readRequest({ body }: OpenAIRequest): RequestReading {
  const { input, instructions } = body;
  const name = unknownName(toolNames(body));
  const messages: Message[] = [];
  if (typeof instructions === 'string')
    messages.push({
      role: 'system',
      path: 'instructions',
      segments: [{ kind: 'text', role: 'system', path: 'instructions', text: instructions }],
    });
  else if (isList(instructions)) messages.push(...readItems(instructions, 'instructions', name));
  for (const key of KEPT_ELSEWHERE)
    if (body[key] !== undefined && body[key] !== null)
      messages.push({ role: 'user', path: key, segments: [unseen(key, 'user'), ...variablesOf(body, key)] });
  if (typeof input === 'string')
    messages.push({
      role: 'user',
      path: 'input',
      segments: [{ kind: 'text', role: 'user', path: 'input', text: input }],
    });
  else if (isList(input)) messages.push(...readItems(input, 'input', name));
  else if (messages.length === 0 || (input !== undefined && input !== null))
    throw new TypeError('The body has no input that can be read.');
  return { messages, actsAtOnce: actsAtOnce(body) };
}

function readItems(
  items: readonly unknown[],
  path: string,
  name: (path: string, name: string) => string,
): readonly Message[] {
  return items.map((item, index) => readInputItem(item, `${path}[${index}]`, name));
}

/** What is put into a template: it may come from anybody. */
function variablesOf(body: JsonObject, key: string): readonly Segment[] {
  const segments: Segment[] = [];
  const take = (segment: Segment): void => {
    segments.push({ ...segment, role: 'user' });
  };
  readPart(at(body[key], 'variables'), `${key}.variables`, 'text', { name: (_path, name) => name, take });
  return segments;
}

/**
 * Whether the provider stores, searches or runs something by itself as soon as it has the request. It stores every
 * response unless it is told not to.
 */
function actsAtOnce(body: JsonObject): boolean {
  const { tools } = body;
  const runsHere = (tool: unknown): boolean => ['function', 'custom'].includes(textAt(tool, 'type') ?? '');
  return (
    body['store'] !== false ||
    body['background'] === true ||
    (body['conversation'] ?? undefined) !== undefined ||
    /search|online/.test(textAt(body, 'model') ?? '') ||
    (isList(tools) && !tools.every(runsHere))
  );
}

/** A copy in which each segment that an edit names is a placeholder; undefined where the body is signed. */
export function rewriteRequest(request: OpenAIRequest, edits: readonly Edit[]): OpenAIRequest | undefined {
  const edited = editRequest(request, edits, replacementOf);
  return edited && withoutSealedReasoning(edited, edits);
}

function replacementOf({ kind, path, placeholder }: Edit, found: unknown, inList: boolean): unknown {
  switch (kind) {
    case 'tool-input':
      return typeof found === 'string' ? '{}' : {};
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      if (inList) return { type: 'input_text', text: placeholder };
      return path.endsWith('.output') ? placeholder : null;
    default:
      // A name has no spaces. What cannot be seen cannot be replaced either: an item of its own is left out of use.
      if (isRecord(found)) return { role: 'user', content: placeholder };
      return path.endsWith('.name') ? placeholder.replaceAll(/[^\w-]+/g, '') || 'removed' : placeholder;
  }
}

/** Reasoning that was taken out must not come back to the model under its seal. */
function withoutSealedReasoning(request: OpenAIRequest, edits: readonly Edit[]): OpenAIRequest {
  const { input } = request.body;
  if (!isList(input)) return request;
  const touched = new Set(
    edits.flatMap(({ kind, path }) => (kind === 'reasoning' ? [Number(/^input\[(\d+)\]/.exec(path)?.[1])] : [])),
  );
  if (touched.size === 0) return request;
  const unsealed = input.map((item, index) =>
    touched.has(index) && isRecord(item) && 'encrypted_content' in item ? { ...item, encrypted_content: null } : item,
  );
  return { ...request, body: { ...request.body, input: unsealed } };
}

/** A copy that ends in a word to the model; undefined where the body is signed. */
export function addFeedback(request: OpenAIRequest, feedback: string): OpenAIRequest | undefined {
  const { input } = request.body;
  if (isSigned(request.headers)) return undefined;
  const given = typeof input === 'string' ? [{ role: 'user', content: input }] : isList(input) ? input : [];
  const word = { role: 'developer', content: feedback };
  return { ...request, body: { ...request.body, input: [...given, word] } };
}

/** Whether the reply is to follow a format, so that a plain sentence in it would break the reader. */
export function wantsStructure({ body }: OpenAIRequest): boolean {
  const type = textAt(at(body['text'], 'format'), 'type');
  return type === 'json_schema' || type === 'json_object';
}
