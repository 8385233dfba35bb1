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
  if (isTextual(mediaType)) {
    const bytes = bytesOf(given);
    if (bytes) return { kind: 'text', text: new TextDecoder().decode(bytes) };
  }
  const kind = kindOf(mediaType, textAt(file, 'type'));
  const image = kind === 'image' ? imageOf(given) : undefined;
  return image ? { kind, image } : { kind };
}

function contentOf(data: unknown): unknown {
  return at(data, 'data') ?? at(data, 'url');
}

function isTextual(mediaType: string): boolean {
  return /^text\/|^application\/(?:json|xml|javascript|x-ndjson)\b|\+(?:json|xml)\b/.test(mediaType);
}

function kindOf(mediaType: string, type = ''): SegmentKind {
  const [top = ''] = mediaType.split('/');
  if (top === 'image' || type.startsWith('image')) return 'image';
  return top === 'audio' || top === 'video' ? top : 'file';
}

function imageOf(given: unknown): URL | Uint8Array | undefined {
  if (given instanceof URL) return given;
  if (typeof given === 'string' && /^(?:https?|data):/.test(given)) return URL.parse(given) ?? undefined;
  return bytesOf(given);
}

/** Bytes, or what base64 stands for. An address is neither. */
function bytesOf(given: unknown): Uint8Array | undefined {
  if (given instanceof Uint8Array) return given;
  if (typeof given !== 'string') return undefined;
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(given)?.[1] ?? given;
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
