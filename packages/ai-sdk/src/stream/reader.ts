import type { ChunkReader, Refusal } from '@chaperone/core';
import { canonicalJson } from '../json-text.ts';
import { metadataOf, noticeOf, withNotice } from '../notice.ts';
import { RefusalError } from '../refusal-error.ts';
import { asidesIn } from '../reply/asides.ts';
import { structuredText } from '../reply/content.ts';
import { forcesTool, REFUSED, takesNoWords } from '../reply/refusal.ts';
import { usageOfRefusal, withAddedUsage } from '../reply/usage.ts';
import type { CallOptions, FinishPart, FinishReason, StreamPart } from '../sdk.ts';
import { OpenBlocks } from './blocks.ts';
import { partReader } from './read.ts';

/** Starts reading one stream. */
export function openStream(call: CallOptions): ChunkReader<StreamPart> {
  const read = partReader(call);
  const blocks = new OpenBlocks();
  /** What opens a stream, as far as it has not left. */
  const head = new Map<StreamPart['type'], StreamPart>();
  let hasLeft = false;
  let finish: FinishPart | undefined;

  return {
    read(part) {
      if (isHead(part) && asidesIn(part).length === 0) head.set(part.type, part);
      else if (part.type === 'finish') finish = part;
      return read(part);
    },

    whole(segment) {
      const { kind, text } = segment;
      if (text === undefined) return segment;
      return { ...segment, text: kind === 'tool-input' ? canonicalJson(text) : structuredText(text) };
    },

    left(part) {
      hasLeft = true;
      if (isHead(part)) head.delete(part.type);
      else blocks.left(part);
    },

    without: () => undefined, // a reply is one answer: with a part of it, all that is left of it is refused

    refuse(refusal) {
      const start: readonly StreamPart[] = hasLeft || head.has('stream-start') ? [] : [START];
      return [
        ...start,
        ...head.values(),
        ...blocks.close(takesNoWords(call) ? 'error' : 'words'),
        ...wordsOf(call, refusal),
        {
          type: 'finish',
          finishReason: finishReasonOf(call),
          usage: usageOfRefusal(refusal, finish?.usage),
          providerMetadata: metadataOf(noticeOf(refusal.decision)),
        },
      ];
    },

    isComplete: () => finish !== undefined,

    addUsage: (part, usage) => (part.type === 'finish' ? { ...part, usage: withAddedUsage(part.usage, usage) } : part),

    addDecision: (part, decision) => (part.type === 'finish' ? withNotice(part, decision) : part),
  };
}

function isHead({ type }: StreamPart): boolean {
  return type === 'stream-start' || type === 'response-metadata';
}

const START: StreamPart = { type: 'stream-start', warnings: [] };
/** Of the text block that a guard writes. */
const ID = 'chaperone';

function wordsOf(call: CallOptions, refusal: Refusal): StreamPart[] {
  if (takesNoWords(call)) return [{ type: 'error', error: new RefusalError(refusal) }];
  return [
    { type: 'text-start', id: ID, providerMetadata: metadataOf(noticeOf(refusal.decision)) },
    { type: 'text-delta', id: ID, delta: refusal.message },
    { type: 'text-end', id: ID },
  ];
}

/** Where a tool is forced, the SDK makes a second error of every end without one but this, and ends the agent with each. */
function finishReasonOf(call: CallOptions): FinishReason {
  return forcesTool(call) ? { ...REFUSED, unified: 'interrupted' } : REFUSED;
}
