import type { ChunkReading, Segment, SegmentKind } from '@chaperone/core';
import { at, isRecord, textAt, textOf } from '../../value.ts';
import { readFile } from '../forms/media.ts';
import { proseIn } from '../strings.ts';
import { messageIdOf } from './ui-left.ts';

/** Reads the chunks of one UI message. */
export interface UIChunkReader {
  read(chunk: unknown): ChunkReading;
  /** Arguments that came in pieces, as they come back in a request. */
  whole(segment: Segment): Segment;
  readonly messageId: string | undefined;
  readonly isComplete: boolean;
}

/** Fields that say what a chunk is and belongs to. Everything else in it is read. */
const ABOUT: readonly string[] = ['type', 'id', 'toolCallId', 'toolName', 'finishReason', 'messageId', 'kind'];

export function createUIChunkReader(): UIChunkReader {
  /** The path of the part that is open under an id: ids may come again in a later step. */
  const open = new Map<string, string>();
  const inputs = new Map<string, string>();
  let parts = 0;
  let messageId: string | undefined;
  let isComplete = false;

  const begin = (id: string): string => {
    const path = `parts[${parts++}].text`;
    open.set(id, path);
    return path;
  };
  const delta = (kind: SegmentKind, id: string, text: string): ChunkReading => ({
    segments: [{ kind, role: 'assistant', path: open.get(id) ?? begin(id), text }],
  });
  /** A chunk that is complete in itself. */
  const alone = (kind: SegmentKind, text: string, more: Partial<Segment> = {}): Segment[] =>
    text === '' && more.image === undefined
      ? []
      : [{ kind, role: 'assistant', path: `parts[${parts++}]`, text, ...more }];
  const ended = (segments: readonly Segment[], ...others: readonly (string | undefined)[]): ChunkReading => ({
    segments,
    ended: [...segments.map(({ path }) => path), ...others.filter((path) => path !== undefined)],
  });

  return {
    get messageId() {
      return messageId;
    },
    get isComplete() {
      return isComplete;
    },
    whole: (segment) => (segment.kind === 'tool-input' ? { ...segment, text: canonical(segment.text ?? '') } : segment),
    read(chunk) {
      if (!isRecord(chunk)) throw new TypeError('The event is no chunk of a UI message.');
      const type = textAt(chunk, 'type') ?? '';
      const id = textAt(chunk, 'id') ?? '';
      messageId ??= messageIdOf(chunk);
      isComplete ||= type === 'finish' || type === 'error' || type === 'abort';
      const rest = proseIn(Object.fromEntries(Object.entries(chunk).filter(([key]) => !ABOUT.includes(key))));
      switch (type) {
        case 'text-start':
        case 'reasoning-start':
          begin(`${type.slice(0, 1)}${id}`);
          return ended(alone('text', rest));
        case 'text-delta':
          return delta('text', `t${id}`, textAt(chunk, 'delta') ?? '');
        case 'reasoning-delta':
          return delta('reasoning', `r${id}`, textAt(chunk, 'delta') ?? '');
        case 'text-end':
        case 'reasoning-end': {
          const path = open.get(`${type.slice(0, 1)}${id}`);
          open.delete(`${type.slice(0, 1)}${id}`);
          return ended(alone('text', rest), path);
        }
        case 'tool-input-delta': {
          const call = textAt(chunk, 'toolCallId') ?? '';
          const text = textAt(chunk, 'inputTextDelta') ?? '';
          inputs.set(call, (inputs.get(call) ?? '') + text);
          return { segments: [{ kind: 'tool-input', role: 'assistant', path: `tools[${call}].input`, text }] };
        }
        case 'tool-input-available':
        case 'tool-input-error': {
          const call = textAt(chunk, 'toolCallId') ?? '';
          const text = textOf(at(chunk, 'input'));
          const streamed = inputs.get(call);
          const isKnown = streamed !== undefined && canonical(streamed) === text;
          return ended(
            [...(isKnown ? [] : alone('tool-input', text)), ...alone('text', textAt(chunk, 'errorText') ?? '')],
            streamed === undefined ? undefined : `tools[${call}].input`,
          );
        }
        case 'tool-output-available':
        case 'tool-output-error':
          return ended(
            alone('tool-output', textOf(at(chunk, 'output') ?? textAt(chunk, 'errorText')), { role: 'tool' }),
          );
        case 'file':
        case 'reasoning-file': {
          const { kind, text, image } = readFile(chunk);
          if (text !== undefined) return ended(alone(kind, text));
          const path = `parts[${parts++}]`;
          return { segments: [{ kind, role: 'assistant', path, ...(image && { image }) }] };
        }
        case 'data-chaperone':
          return { segments: [] };
        default:
          return ended(alone('text', rest));
      }
    },
  };
}

/** What a text of JSON says, written in one way. A text that is no JSON stays as it is. */
function canonical(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
