import type { Segment, SegmentKind } from '@chaperone/core';
import { isNotice } from '../wire/notice.ts';
import { under } from '../wire/paths.ts';
import { countAt, isRecord, type JsonObject, textAt } from '../wire/json.ts';
import { isForCaller, type ItemReader, readOutputItem, readPart, unseen } from './items.ts';
import { outputPath, readOutput } from './response.ts';

/** Takes in what events say. */
export interface EventReader {
  readonly name: ItemReader['name'];
  /** It adds to what was said at its path. */
  readonly more: (segment: Segment) => void;
  /** It is all that is said at its path, perhaps once more. */
  readonly all: (segment: Segment) => void;
  /** Everything below a path is complete. */
  readonly end: (path: string) => void;
}

/** A piece of one text: where its event has it, and where it stands in the response. */
interface TextEvent {
  readonly field: string;
  readonly says: 'more' | 'all';
  readonly kind: SegmentKind;
  readonly path: (event: JsonObject) => string;
}

const CONTENT = (event: JsonObject): string => `${itemPath(event)}.content[${countAt(event, 'content_index') ?? 0}]`;
const SUMMARY = (event: JsonObject): string => `${itemPath(event)}.summary[${countAt(event, 'summary_index') ?? 0}]`;

/** Events that say one text, piece by piece (`delta`) and once more when it is complete (`done`). */
const TEXTS: ReadonlyMap<string, TextEvent> = new Map(
  [
    text('response.output_text', 'text', 'text', (event) => `${CONTENT(event)}.text`),
    text('response.refusal', 'refusal', 'refusal', (event) => `${CONTENT(event)}.refusal`),
    text('response.reasoning_text', 'text', 'reasoning', (event) => `${CONTENT(event)}.text`),
    text('response.reasoning_summary_text', 'text', 'reasoning', (event) => `${SUMMARY(event)}.text`),
    text('response.function_call_arguments', 'arguments', 'tool-input', (event) => `${itemPath(event)}.arguments`),
    text('response.mcp_call_arguments', 'arguments', 'tool-input', (event) => `${itemPath(event)}.arguments`),
    text('response.custom_tool_call_input', 'input', 'tool-input', (event) => `${itemPath(event)}.input`),
    text('response.code_interpreter_call_code', 'code', 'tool-input', (event) => `${itemPath(event)}.code`),
    text('response.audio.transcript', 'transcript', 'text', () => 'audio.transcript'),
  ].flat(),
);

function text(
  name: string,
  field: string,
  kind: SegmentKind,
  path: TextEvent['path'],
): (readonly [string, TextEvent])[] {
  return [
    [`${name}.delta`, { field: 'delta', says: 'more', kind, path }],
    [`${name}.done`, { field, says: 'all', kind, path }],
  ];
}

/** Events that say how far something is. */
const PROGRESS =
  /^(keepalive|response\.\w+\.(in_progress|searching|completed|generating|interpreting|compacting|failed))$/;

/** Events that carry the response as it is at that moment. */
const SNAPSHOTS: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

/** Snapshots after which nothing comes. */
export const LAST_EVENTS: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

/** Fields of an event that say which one it is. */
const ROUTING: ReadonlySet<string> = new Set([
  'type',
  'event_id',
  'sequence_number',
  'response_id',
  'item_id',
  'output_index',
  'content_index',
  'summary_index',
  'command_index',
  'annotation_index',
  'partial_image_index',
  'obfuscation',
  'logprobs',
]);

function isRouting(key: string, event: JsonObject): boolean {
  return ROUTING.has(key) || isNotice(key, event[key]);
}

export function typeOf(event: JsonObject): string {
  return textAt(event, 'type') ?? '';
}

/** Reads everything that an event says. Throws where it is not what its type says. */
export function readEvent(event: JsonObject, reader: EventReader): void {
  const type = typeOf(event);
  const known = TEXTS.get(type);
  if (known !== undefined) {
    const said = event[known.field];
    const path = known.path(event);
    if (typeof said === 'string') reader[known.says]({ kind: known.kind, role: 'assistant', path, text: said });
    else readPart(said, path, known.kind, { name: reader.name, take: reader[known.says], isInPieces: true });
    return readRest(event, known.field, reader);
  }
  const all: ItemReader = { name: reader.name, take: reader.all, isInPieces: true };
  if (SNAPSHOTS.has(type)) {
    readSnapshot(event['response'], all);
    return readRest(event, 'response', reader);
  }
  switch (type) {
    case 'response.output_item.added':
    case 'response.output_item.done':
      readOutputItem(event['item'], itemPath(event), all);
      readRest(event, 'item', reader);
      // What somebody acts on is held until the reply is known to its end.
      if (type.endsWith('.done') && !isForCaller(event['item'])) reader.end(itemPath(event));
      return;
    case 'response.content_part.added':
    case 'response.content_part.done': {
      const kind = textAt(event['part'], 'type') === 'reasoning_text' ? 'reasoning' : 'text';
      readPart(event['part'], CONTENT(event), kind, all);
      return readRest(event, 'part', reader);
    }
    case 'response.reasoning_summary_part.added':
    case 'response.reasoning_summary_part.done':
      readPart(event['part'], SUMMARY(event), 'reasoning', all);
      return readRest(event, 'part', reader);
    case 'response.output_text.annotation.added': {
      const path = `${CONTENT(event)}.annotations[${countAt(event, 'annotation_index') ?? 0}]`;
      readPart(event['annotation'], path, 'text', all);
      return readRest(event, 'annotation', reader);
    }
    case 'response.audio.delta':
    case 'response.audio.done':
      reader.all({ kind: 'audio', role: 'assistant', path: 'audio' });
      return readRest(event, 'delta', reader);
    case 'response.image_generation_call.partial_image':
      return reader.all(partialImage(event));
    case 'error': // upstream's own words
      return;
    default:
      if (PROGRESS.test(type)) return readRest(event, '', reader);
      readUnknown(event, type, reader);
  }
}

function readSnapshot(response: unknown, reader: ItemReader): void {
  if (!isRecord(response)) throw new TypeError('The event has no response.');
  readOutput(response, reader);
}

function partialImage(event: JsonObject): Segment {
  const bytes = textAt(event, 'partial_image_b64') ?? '';
  const image = URL.parse(`data:image/${textAt(event, 'output_format') ?? 'png'};base64,${bytes}`);
  const path = `${itemPath(event)}.partial_images[${countAt(event, 'partial_image_index') ?? 0}]`;
  return { kind: 'image', role: 'assistant', path, ...(image && { image }) };
}

/** Whatever else an event holds, beside what it is known for. */
function readRest(event: JsonObject, read: string, { name, all }: EventReader): void {
  for (const key in event)
    if (key !== read && !ROUTING.has(key))
      readPart({ [key]: event[key] }, itemPath(event), 'text', { name, take: all, isInPieces: true });
}

/** An event that this version has never heard of: whatever text it holds, or, if it holds none, that nobody knows. */
function readUnknown(event: JsonObject, type: string, { name, more }: EventReader): void {
  const path = under(itemPath(event), /^[\w.-]{1,64}$/.test(type) ? type.replaceAll('.', '_') : 'event', 0);
  let hasSegments = false;
  const take = (segment: Segment): void => {
    hasSegments = true;
    more(segment);
  };
  for (const key in event)
    if (!isRouting(key, event)) readPart({ [key]: event[key] }, path, 'text', { name, take, isInPieces: true });
  if (!hasSegments) more(unseen(path, 'assistant'));
}

function itemPath(event: JsonObject): string {
  return outputPath(countAt(event, 'output_index') ?? 0);
}
