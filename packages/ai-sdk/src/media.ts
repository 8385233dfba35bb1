import type { Segment, SegmentKind } from '@chaperone/core';
import { at, isRecord, textAt } from './value.ts';

/** What a file is: text where it is written down, or what its media type says. */
export type ReadFile = Pick<Segment, 'kind' | 'text' | 'image'>;

/**
 * A file of a prompt or a reply. Its `data` is a tagged union in V4 of the SDK's interface, and bytes, base64 or an address
 * in V3.
 */
export function readFile(file: unknown): ReadFile {
  const mediaType = textAt(file, 'mediaType') ?? '';
  const data = at(file, 'data') ?? at(file, 'url') ?? at(file, 'file');
  const text = textAt(data, 'text');
  if (text !== undefined) return { kind: 'text', text };
  const given = isRecord(data) && !(data instanceof URL || data instanceof Uint8Array) ? contentOf(data) : data;
  const inside = insideOf(given);
  if (isTextual(mediaType) || isTextual(inside?.mediaType ?? '')) {
    const written = inside ? writtenInside(inside) : writtenIn(given);
    if (written !== undefined) return { kind: 'text', text: written };
  }
  const kind = kindOf(mediaType || (inside?.mediaType ?? ''), textAt(file, 'type'));
  const image = kind === 'image' ? imageOf(given) : undefined;
  return image ? { kind, image } : { kind };
}

function contentOf(data: unknown): unknown {
  return at(data, 'data') ?? at(data, 'url');
}

const TEXTUAL =
  /^text(?:\/|$)|^application\/(?:json|xml|javascript|ecmascript|typescript|(?:x-)?(?:ndjson|yaml|toml|sh|sql))\b|\+(?:json|xml|yaml)\b/i;

function isTextual(mediaType: string): boolean {
  return TEXTUAL.test(mediaType);
}

function kindOf(mediaType: string, type = ''): SegmentKind {
  const [top = ''] = mediaType.toLowerCase().split('/');
  if (top === 'image' || type.startsWith('image')) return 'image';
  return top === 'audio' || top === 'video' ? top : 'file';
}

/** What a `data:` address holds. */
interface Inside {
  readonly mediaType: string;
  /** As it is written there: base64, or text. */
  readonly body: string;
  readonly isBase64: boolean;
}

function insideOf(given: unknown): Inside | undefined {
  const address = given instanceof URL ? given.href : given;
  if (typeof address !== 'string' || !/^data:/i.test(address)) return undefined;
  const comma = address.indexOf(',');
  if (comma === -1) return undefined;
  const head = address.slice('data:'.length, comma);
  const [mediaType = ''] = head.split(';');
  const body = address.slice(comma + 1);
  return { mediaType: mediaType.trim() || 'text/plain', body, isBase64: /;\s*base64\s*$/i.test(head) };
}

/** What a text file says. An address that has to be fetched says nothing. */
function writtenIn(given: unknown): string | undefined {
  if (given instanceof Uint8Array) return decoded(given);
  if (typeof given !== 'string') return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/\S*$/i.test(given) ? undefined : ofString(given);
}

function writtenInside({ body, isBase64 }: Inside): string {
  const text = unescaped(body);
  return isBase64 ? ofString(text) : text;
}

const BASE64 = /^[\w+/\s-]*={0,2}\s*$/;

/** Base64 stands for a text, and any other string is one. Where it may be either, both are read. */
function ofString(given: string): string {
  const bytes = bytesIn(given);
  const isBase64 = BASE64.test(given);
  try {
    const text = decoded(bytes, true);
    return isBase64 && !given.includes(' ') ? text : `${text}\n${given}`;
  } catch {
    return isBase64 && !given.includes(' ') ? `${decoded(bytes)}\n${given}` : given;
  }
}

function decoded(bytes: Uint8Array, fatal = false): string {
  const [first, second] = bytes;
  const wide =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(wide, { fatal }).decode(bytes);
}

/** Without percent signs, as far as they stand for something. */
function unescaped(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    decoded(Uint8Array.from(run.slice(1).split('%'), (code) => Number.parseInt(code, 16))),
  );
}

function imageOf(given: unknown): URL | Uint8Array | undefined {
  if (given instanceof Uint8Array) return given;
  const inside = insideOf(given);
  if (inside) {
    const { mediaType, body, isBase64 } = inside;
    const url = isBase64 ? `data:${mediaType};base64,${standard(body)}` : String(given);
    return URL.parse(url) ?? undefined;
  }
  if (given instanceof URL) return given;
  if (typeof given !== 'string') return undefined;
  if (/^https?:/i.test(given)) return URL.parse(given) ?? undefined;
  return BASE64.test(given) ? bytesIn(given) : undefined;
}

/** In the letters that everybody reads: those of addresses and names of files are others. */
function standard(base64: string): string {
  return base64.replaceAll('-', '+').replaceAll('_', '/');
}

/** What base64 stands for, read as leniently as a provider might. */
function bytesIn(given: string): Uint8Array {
  const base64 = standard(given);
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    const [letters = ''] = base64.split('=', 1);
    const clean = letters.replaceAll(/[^a-z0-9+/]/gi, '');
    binary = atob(clean.length % 4 === 1 ? clean.slice(0, -1) : clean);
  }
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
