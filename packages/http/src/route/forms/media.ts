import type { Segment, SegmentKind } from '@chaperone/core';
import { textAt } from '../../value.ts';

/** A file of a chat, by its address: `https:` or `data:`. One that is text is read. */
export function readFile(file: unknown): Pick<Segment, 'kind' | 'text' | 'image'> {
  const mediaType = textAt(file, 'mediaType') ?? '';
  const address = textAt(file, 'url') ?? '';
  const text = /^text\/|^application\/json\b/.test(mediaType) ? textIn(address) : undefined;
  if (text !== undefined) return { kind: 'text', text };
  const kind = kindOf(mediaType);
  const image = kind === 'image' ? URL.parse(address) : null;
  return image ? { kind, image } : { kind };
}

function kindOf(mediaType: string): SegmentKind {
  const [top] = mediaType.split('/');
  return top === 'image' || top === 'audio' || top === 'video' ? top : 'file';
}

function textIn(address: string): string | undefined {
  const [, base64, data] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(address) ?? [];
  if (data === undefined) return undefined;
  try {
    if (base64 === undefined) return decodeURIComponent(data);
    return new TextDecoder().decode(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
