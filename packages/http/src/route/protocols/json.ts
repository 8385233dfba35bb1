import type { Refusal, Segment } from '@chaperone/core';
import { type Frame, writeFrame } from '@chaperone/openai';
import { isRecord, type JsonObject } from '../../value.ts';
import { noticeOf } from '../notice.ts';
import { pathOf, replaceAt, type Steps, stringsIn } from '../strings.ts';
import type { Protocol } from './protocol.ts';

/** JSON of any shape: every string in it is judged, and a flagged one gives its place to the refusal. */
export const json: Protocol = {
  headers: { 'content-type': 'application/json' },
  open() {
    let document: Frame | undefined;
    const places = new Map<string, Steps>();
    return {
      read(frame) {
        if (!frame.readable) throw new TypeError('The body is not JSON.');
        document = frame;
        const segments: Segment[] = [];
        stringsIn(frame.data, [], (text, steps) => {
          const path = pathOf(steps) || 'body';
          places.set(path, steps);
          segments.push({ kind: 'text', role: 'assistant', path, text });
        });
        return { segments, isSealed: true };
      },
      without: () => undefined,
      refuse: (refusal) => [writeFrame(refusedBody(refusal, document?.data, places), 'document')],
      addUsage: (frame) => frame,
    };
  },
  error: (refusal) => ({ body: JSON.stringify(ownBody(refusal)), contentType: 'application/json' }),
};

/** The answer in its own shape, so that its reader finds the message where it looks for the answer. */
function refusedBody(refusal: Refusal, answer: unknown, places: ReadonlyMap<string, Steps>): JsonObject {
  const { paths, message, decision } = refusal;
  const refused = paths.map((path) => places.get(path));
  if (!isRecord(answer) || refused.length === 0 || refused.includes(undefined)) return ownBody(refusal);
  let body: unknown = answer;
  for (const steps of refused) body = replaceAt(body, steps ?? [], message);
  return isRecord(body) ? { ...body, chaperone: noticeOf(decision) } : ownBody(refusal);
}

function ownBody({ message, cause, decision }: Refusal): JsonObject {
  const code = cause === 'flagged' ? 'content_blocked' : 'content_unchecked';
  return { code, message, chaperone: noticeOf(decision) };
}
