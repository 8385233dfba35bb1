import { type Frame, writeFrame } from '../../src/wire/frame.ts';
import type { JsonObject } from '../../src/wire/json.ts';

/** What `/responses` sends, made by hand. */

const HEAD = { id: 'resp_1', object: 'response', created_at: 1_750_000_000, model: 'gpt-test', tools: [] };
const ITEM = { id: 'msg_1', type: 'message', role: 'assistant' };
const USAGE = { input_tokens: 2, output_tokens: 3, total_tokens: 5 };

export const textPart = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [], logprobs: [] });
export const messageItem = (text: string, more: object = {}): JsonObject => ({
  ...ITEM,
  status: 'completed',
  content: [textPart(text)],
  ...more,
});

export function response(output: readonly unknown[], more: object = {}): JsonObject {
  return { ...HEAD, status: 'completed', error: null, incomplete_details: null, output, usage: USAGE, ...more };
}

/** Numbers events, and makes frames of them. */
export function framesOf(events: readonly JsonObject[], first = 0): Frame[] {
  return events.map((event, at) =>
    writeFrame({ ...event, sequence_number: first + at }, 'event', String(event['type'])),
  );
}

/** What opens a stream, says one message in pieces, and ends the stream. */
export function messageEvents(pieces: readonly string[]): JsonObject[] {
  const whole = pieces.join('');
  const where = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  return [
    ...opening(),
    { type: 'response.output_item.added', output_index: 0, item: { ...ITEM, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...where, part: textPart('') },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...where, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...where, text: whole, logprobs: [] },
    { type: 'response.content_part.done', ...where, part: textPart(whole) },
    { type: 'response.output_item.done', output_index: 0, item: messageItem(whole) },
    { type: 'response.completed', response: response([messageItem(whole)]) },
  ];
}

export function opening(): JsonObject[] {
  const begun = response([], { status: 'in_progress', usage: null });
  return [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
  ];
}
