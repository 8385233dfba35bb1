import { endFrame, type Frame, writeFrame } from '@chaperone/openai';
import { textAt } from '../../value.ts';
import { noticeOf } from '../notice.ts';
import { type UIChunkReader, createUIChunkReader } from './ui-chunks.ts';
import { createUILeft } from './ui-left.ts';
import type { Protocol } from './protocol.ts';
import { text } from './text.ts';

/** What the AI SDK's `useChat` reads: server-sent events with one chunk of a UI message each. */
export const uiMessageStream: Protocol = {
  headers: {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-vercel-ai-ui-message-stream': 'v1',
    'x-accel-buffering': 'no',
  },
  open(_request, { retracts }) {
    const chunks: UIChunkReader = createUIChunkReader();
    const left = createUILeft();
    return {
      read: ({ data, readable }) => {
        if (!readable) throw new TypeError('The event is not JSON.');
        return data === undefined ? { segments: [] } : chunks.read(data);
      },
      whole: chunks.whole,
      left: ({ data }) => left.saw(data),
      isComplete: () => chunks.isComplete,
      without: () => undefined, // a refusal ends the whole message
      refuse: (refusal) => [
        ...left.before({ retracts, messageId: chunks.messageId, message: refusal.message }).map(frameOf),
        ...[
          { type: 'data-chaperone', data: noticeOf(refusal.decision) },
          { type: 'text-start', id: 'chaperone' },
          { type: 'text-delta', id: 'chaperone', delta: refusal.message },
          { type: 'text-end', id: 'chaperone' },
          { type: 'finish-step' },
          { type: 'finish', finishReason: 'content-filter' },
        ].map(frameOf),
        endFrame(),
      ],
      addUsage: (frame) => frame,
      addDecision(frame, decision) {
        if (textAt(frame.data, 'type') !== 'finish') return frame;
        // Transient: it reaches `onData`, and is not kept with the message.
        const notice = frameOf({ type: 'data-chaperone', data: noticeOf(decision), transient: true });
        return { ...frame, bytes: joined(notice.bytes, frame.bytes) };
      },
    };
  },
  // `useChat` shows the body of a failed request as the message of its error.
  error: text.error,
};

function frameOf(chunk: { readonly type: string; readonly [field: string]: unknown }): Frame {
  return writeFrame(chunk, 'event');
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
