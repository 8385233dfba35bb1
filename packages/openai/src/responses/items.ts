import type { Message, Role, Segment, SegmentKind } from '@chaperone/core';
import { type ContentReader, readContent, type Words, WORDS } from '../wire/content.ts';
import { textAt } from '../wire/json.ts';

/** An item of the input or of the output: a message, a call of a tool, what a tool gave, what the model thought. */

/** The fields of items, beside those of chat completions. */
const ITEM_WORDS: Words = {
  withoutProse: new Set([
    ...WORDS.withoutProse,
    'status',
    'phase',
    'call_id',
    'item_id',
    'container_id',
    'approval_request_id',
    'fingerprint',
  ]),
  skipped: new Set(['logprobs']), // the same text once more
  kinds: new Map([
    ...WORDS.kinds,
    ['action', 'tool-input'],
    ['operation', 'tool-input'],
    ['queries', 'tool-input'],
    ['code', 'tool-input'],
    ['output', 'tool-output'],
    ['outputs', 'tool-output'],
    ['results', 'tool-output'],
    ['result', 'tool-output'],
    ['tools', 'tool-output'], // what a server says that its tools are
  ]),
  media: new Map([['input_audio', 'audio']]),
  mediumTypes: new Map([
    ['input_image', 'image'],
    ['computer_screenshot', 'image'],
    ['image_generation_call', 'image'],
    ['image', 'image'],
    ['input_file', 'file'],
    ['output_audio', 'audio'],
  ]),
  mediumFields: new Set([...WORDS.mediumFields, 'image_url', 'file_url', 'result']),
};

interface ItemType {
  readonly role: Role;
  readonly kind: SegmentKind;
}

const CALL: ItemType = { role: 'assistant', kind: 'text' };
const RESULT: ItemType = { role: 'tool', kind: 'tool-output' };

const TYPES: ReadonlyMap<string, ItemType> = new Map([
  ['reasoning', { role: 'assistant', kind: 'reasoning' }],
  ...[
    'function_call',
    'custom_tool_call',
    'web_search_call',
    'file_search_call',
    'code_interpreter_call',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
    'tool_search_call',
    'image_generation_call',
    'mcp_call',
    'mcp_approval_request',
    'program',
  ].map((type) => [type, CALL] as const),
  ...[
    'function_call_output',
    'custom_tool_call_output',
    'computer_call_output',
    'local_shell_call_output',
    'shell_call_output',
    'apply_patch_call_output',
    'tool_search_output',
    'mcp_list_tools',
    'program_output',
  ].map((type) => [type, RESULT] as const),
  ['mcp_approval_response', { role: 'user', kind: 'text' }],
  ['compaction_trigger', { role: 'user', kind: 'text' }],
]);

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
]);

/** Items that the caller carries out: they are of use, and do harm, only as a whole. */
const CALLERS: ReadonlySet<string> = new Set([
  'function_call',
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'mcp_approval_request',
]);

/** Whether it is the caller who acts on an item. */
export function isForCaller(item: unknown): boolean {
  return CALLERS.has(textAt(item, 'type') ?? '');
}

/** How the parts of an item are read. */
export type ItemReader = Pick<ContentReader, 'name' | 'take' | 'isInPieces'>;

/** Reads an item of a conversation, as whoever wrote it. */
export function readInputItem(item: unknown, path: string, name: ContentReader['name']): Message {
  const type = textAt(item, 'type') ?? 'message';
  const known = TYPES.get(type);
  const role = known?.role ?? ROLES.get(textAt(item, 'role') ?? '') ?? 'user'; // nobody vouches for a role that is not known
  const segments: Segment[] = [];
  readItem(item, path, role, known?.kind ?? 'text', { name, take: (segment) => segments.push(segment) });
  // A reference, a compacted chat, or something that this version has never heard of: it says something, unseen.
  const isReference = !known || type === 'image_generation_call';
  if (segments.length === 0 && isReference && type !== 'message') segments.push(unseen(path, role));
  return { role, path, segments };
}

/** Reads an item of a reply: all of it is the model's, and what servers gave to the model. */
export function readOutputItem(item: unknown, path: string, reader: ItemReader): void {
  const type = textAt(item, 'type') ?? '';
  let hasSegments = false;
  const take = (segment: Segment): void => {
    hasSegments = true;
    reader.take(segment);
  };
  readItem(item, path, 'assistant', TYPES.get(type)?.kind ?? 'text', { ...reader, take });
  if (!hasSegments && !TYPES.has(type) && type !== 'message') reader.take(unseen(path, 'assistant'));
}

/** Reads a part of an item, or of an event, that stands at a path of its own. */
export function readPart(value: unknown, path: string, kind: SegmentKind, reader: ItemReader): void {
  readContent(value, path, kind, itemReader('assistant', reader));
}

function readItem(item: unknown, path: string, role: Role, kind: SegmentKind, reader: ItemReader): void {
  // An image that is not there yet is not one.
  if (textAt(item, 'type') === 'image_generation_call' && textAt(item, 'result') === undefined) return;
  readContent(item, path, kind, itemReader(role, reader));
}

function itemReader(role: Role, reader: ItemReader): ContentReader {
  return { ...reader, role, place: (_element, position) => position, words: ITEM_WORDS };
}

/** Something is there, and nobody here can see what it says. */
export function unseen(path: string, role: Role): Segment {
  return { kind: 'text', role, path };
}
