import type { Role, Segment, SegmentKind } from '@chaperone/core';
import { isList, isRecord, type JsonObject, textAt, withoutEscapes } from './json.ts';
import { under } from './paths.ts';

/**
 * Everything in a message that somebody could read. The string under every key counts, also in fields that this version
 * has never heard of: what is left out is named here, key by key, and only while it looks like what it is there for.
 */

/** What the names of fields say about what stands under them. */
export interface Words {
  /** Chosen from a fixed list, or opaque: neither a person nor a model wrote them. */
  readonly withoutProse: ReadonlySet<string>;
  /** Repeats what is read elsewhere, or is not of the message. */
  readonly skipped: ReadonlySet<string>;
  readonly kinds: ReadonlyMap<string, SegmentKind>;
  /** Fields that hold a medium. */
  readonly media: ReadonlyMap<string, SegmentKind>;
  /** By the `type` of an object: it is a medium itself, whose bytes or address are among its fields. */
  readonly mediumTypes: ReadonlyMap<string, SegmentKind>;
  /** The bytes of a medium that was read as such, where they are, and how to play them. */
  readonly mediumFields: ReadonlySet<string>;
}

/** The words of chat completions. */
export const WORDS: Words = {
  withoutProse: new Set([
    'id',
    'role',
    'type',
    'object',
    'format', // of audio, of reasoning: 'wav', 'anthropic-claude-v1'
    'tool_call_id',
    'file_id',
    'mime_type',
    'signature', // of reasoning: base64
    'thought_signature',
    'encrypted_content',
  ]),
  skipped: new Set(),
  kinds: new Map([
    ['reasoning', 'reasoning'],
    ['reasoning_content', 'reasoning'],
    ['reasoning_details', 'reasoning'],
    ['thinking', 'reasoning'],
    ['thinking_blocks', 'reasoning'],
    ['refusal', 'refusal'],
    ['arguments', 'tool-input'],
    ['input', 'tool-input'],
  ]),
  media: new Map([
    ['image_url', 'image'],
    ['input_audio', 'audio'],
    ['audio_url', 'audio'],
    ['audio', 'audio'],
    ['video_url', 'video'],
    ['file', 'file'],
  ]),
  mediumTypes: new Map(),
  mediumFields: new Set(['url', 'data', 'file_data', 'detail', 'format', 'id', 'file_id']),
};

/** How one message, or one chunk of it, is read. */
export interface ContentReader {
  readonly role: Role;
  readonly take: (segment: Segment) => void;
  /** What is left to judge of a name at this path: nothing of one that the developer gave. */
  readonly name: (path: string, name: string) => string;
  /** Which element of its list this is. */
  readonly place: (element: unknown, position: number) => number;
  /** Whether text comes in pieces, of which none makes sense by itself. Default: it comes whole. */
  readonly isInPieces?: boolean;
  /** Default: those of chat completions. */
  readonly words?: Words;
}

/**
 * Hands over every segment of a value.
 * @param root the path of the message itself
 */
export function readContent(
  value: unknown,
  path: string,
  kind: SegmentKind,
  reader: ContentReader,
  root: string = path,
): void {
  if (typeof value === 'string') {
    const text = kind === 'tool-input' && reader.isInPieces !== true ? withoutEscapes(value) : value;
    if (text !== '') reader.take({ kind, role: reader.role, path, text });
  } else if (isList(value)) {
    value.forEach((element, position) => {
      readContent(element, `${path}[${reader.place(element, position)}]`, kind, reader, root);
    });
  } else if (isRecord(value)) {
    const { words = WORDS } = reader;
    const medium = words.mediumTypes.size > 0 ? words.mediumTypes.get(textAt(value, 'type') ?? '') : undefined;
    if (medium !== undefined) return readMedium(value, path, path, medium, kind, reader, root);
    let position = -1;
    for (const key in value) {
      position += 1;
      const field = value[key];
      if (field !== null && field !== undefined && field !== '' && !words.skipped.has(key))
        readField(value, key, field, under(path, key, position), path, kind, reader, root);
    }
  }
}

function readField(
  record: JsonObject,
  key: string,
  value: unknown,
  path: string,
  owner: string,
  kind: SegmentKind,
  reader: ContentReader,
  root: string,
): void {
  const { words = WORDS } = reader;
  if (typeof value === 'string') {
    if ((words.withoutProse.has(key) || (key === 'data' && isSealed(record))) && isOpaque(value)) return;
    if (key === 'name') return readContent(reader.name(path, value), path, kind, reader, root);
  }
  const medium = words.media.get(key);
  if (medium !== undefined && (isRecord(value) || (typeof value === 'string' && key.endsWith('_url'))))
    return readMedium(value, owner === root ? path : owner, path, medium, kind, reader, root);
  const kindHere = words.kinds.get(key) ?? kind;
  // Arguments that are already parsed are judged in one piece, keys and all.
  if (kindHere === 'tool-input' && kind !== 'tool-input' && typeof value === 'object')
    return readContent(JSON.stringify(value), path, kindHere, reader, root);
  readContent(value, path, kindHere, reader, root);
}

/** A content part that holds a medium is one segment, at the part's own path; a message that holds one is not. */
function readMedium(
  value: JsonObject | string,
  place: string,
  path: string,
  medium: SegmentKind,
  kind: SegmentKind,
  reader: ContentReader,
  root: string,
): void {
  const image = medium === 'image' ? imageOf(value) : undefined;
  reader.take({ kind: medium, role: reader.role, path: place, ...(image === undefined ? {} : { image }) });
  if (typeof value === 'string') return;
  const { words = WORDS } = reader;
  let position = -1;
  for (const field in value) {
    position += 1;
    const held = value[field];
    const isOfTheMedium = words.mediumFields.has(field) && typeof held === 'string';
    if (held !== null && held !== undefined && !isOfTheMedium && !words.skipped.has(field))
      readField(value, field, held, under(path, field, position), path, kind, reader, root);
  }
}

function imageOf(value: JsonObject | string): URL | undefined {
  const made = textAt(value, 'result');
  const address =
    typeof value === 'string'
      ? value
      : (textAt(value, 'url') ??
        textAt(value, 'image_url') ??
        (made && `data:image/${textAt(value, 'output_format') ?? 'png'};base64,${made}`));
  return address === undefined ? undefined : (URL.parse(address) ?? undefined);
}

/** One word, or one run of base64: prose has spaces, or letters that no identifier is made of. */
export function isOpaque(value: string): boolean {
  return /^[!-~]*$/.test(value);
}

/** Hands over what nobody would call a word: where fields say things that are no prose. */
export function readProse(value: unknown, path: string, reader: ContentReader): void {
  readContent(value, path, 'text', {
    ...reader,
    name: (_path, name) => name,
    take: (segment) => {
      if (segment.text !== undefined && !isOpaque(segment.text)) reader.take(segment);
    },
  });
}

/** Reasoning that the provider encrypted: nobody but the provider can read it. */
function isSealed(record: JsonObject): boolean {
  return /encrypted|redacted/.test(textAt(record, 'type') ?? '');
}
