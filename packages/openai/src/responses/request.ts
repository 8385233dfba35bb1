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
  // What the provider keeps cannot be taken out of a request.
  if (edits.some(({ path }) => KEPT_ELSEWHERE.includes(path))) return undefined;
  const edited = editRequest(request, edits, replacementOf);
  const { input } = edited?.body ?? {};
  if (!edited || !isList(input)) return edited;
  const touched = new Map(edits.flatMap((edit) => [[itemOf(edit.path), edit.placeholder] as const]));
  return { ...edited, body: { ...edited.body, input: withWholeItems(input, touched) } };
}

function itemOf(path: string): number {
  return Number(/^input\[(\d+)\]/.exec(path)?.[1] ?? -1);
}

function replacementOf({ kind, path, placeholder }: Edit, found: unknown, inList: boolean): unknown {
  switch (kind) {
    case 'tool-input':
      return typeof found === 'string' ? '{}' : found;
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      if (inList && !/^input\[\d+\]$/.test(path)) return { type: 'input_text', text: placeholder };
      return found;
    default:
      if (isRecord(found)) return found; // an item that nobody can see: all of it is replaced below
      // A name has no spaces.
      return path.endsWith('.name') ? placeholder.replaceAll(/[^\w-]+/g, '') || 'removed' : placeholder;
  }
}

/** Items in which a text can be exchanged and which are then still what their type says. */
const EDITABLE: ReadonlySet<string> = new Set([
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
]);

/**
 * What is left of an input whose items were edited. Items of other types become a message that says the placeholder,
 * whoever they are paired with too. The model's reasoning in an answer that was edited goes, sealed or not: it would bring
 * back what was taken out; ids go as well, for the provider would look up what they stand for.
 */
function withWholeItems(input: readonly unknown[], touched: ReadonlyMap<number, string>): readonly unknown[] {
  const typeOf = (item: unknown): string => textAt(item, 'type') ?? 'message';
  const pairs = new Set(
    [...touched.keys()].flatMap((index) =>
      EDITABLE.has(typeOf(input[index])) ? [] : (textAt(input[index], 'call_id') ?? []),
    ),
  );
  const [placeholder = ''] = touched.values();
  const left: unknown[] = [];
  let answer: { readonly item: unknown; readonly isTouched: boolean }[] = [];
  const endAnswer = (): void => {
    const isTouched = answer.some((each) => each.isTouched);
    for (const { item } of answer) {
      if (!isTouched) left.push(item);
      else if (!['reasoning', 'compaction', 'item_reference'].includes(typeOf(item))) left.push(withoutId(item));
    }
    answer = [];
  };
  for (const [index, item] of input.entries()) {
    const isTouched = touched.has(index);
    const isPaired = pairs.has(textAt(item, 'call_id') ?? '') && !EDITABLE.has(typeOf(item));
    const replaced =
      (isTouched || isPaired) && !EDITABLE.has(typeOf(item)) && typeOf(item) !== 'reasoning'
        ? { role: 'assistant', content: placeholder }
        : item;
    if (isRecord(item) && typeOf(item) === 'message' && item['role'] !== 'assistant') {
      endAnswer();
      left.push(replaced);
    } else answer.push({ item: replaced, isTouched: isTouched || isPaired });
  }
  endAnswer();
  return left;
}

function withoutId(item: unknown): unknown {
  if (!isRecord(item)) return item;
  const { id: _, ...rest } = item;
  return rest;
}

/** A copy that ends in a word to the model; undefined where the body is signed. */
export function addFeedback(request: OpenAIRequest, feedback: string): OpenAIRequest | undefined {
  const { input, conversation } = request.body;
  // The provider has put the flagged reply into the conversation by now: a word after it would come too late.
  if (isSigned(request.headers) || (conversation ?? undefined) !== undefined) return undefined;
  const given = typeof input === 'string' ? [{ role: 'user', content: input }] : isList(input) ? input : [];
  const word = { role: 'developer', content: feedback };
  return { ...request, body: { ...request.body, input: [...given, word] } };
}

/** Whether the reply is to follow a format, so that a plain sentence in it would break the reader. */
export function wantsStructure({ body }: OpenAIRequest): boolean {
  const type = textAt(at(body['text'], 'format'), 'type');
  return type === 'json_schema' || type === 'json_object';
}
