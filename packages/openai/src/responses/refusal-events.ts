import { REFUSAL_BREAK, type Refusal } from '@chaperone/core';
import type { JsonObject } from '../wire/json.ts';
import { textAt } from '../wire/json.ts';
import { notice } from '../wire/notice.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { itemOf, type Left, type LeftItem, type LeftPart, partOf } from './left.ts';
import { newId, refusalItem, refusalPart, refusedResponse } from './refusal.ts';
import { wantsStructure } from './request.ts';

/** The events that end a response with a refusal: what is open is closed, and the message is an item of its own. */
export function refusalEvents(
  request: OpenAIRequest,
  refusal: Refusal,
  head: JsonObject,
  left: Left,
): readonly JsonObject[] {
  const items = [...left.items.values()].toSorted((a, b) => a.index - b.index);
  // A refusal of structured output is none of its text, which a blank line would spoil.
  const breaks = wantsStructure(request) ? [] : items.filter(({ isDone }) => !isDone).flatMap(breakText);
  const begin = { ...head, status: 'in_progress', error: null, incomplete_details: null, output: [], usage: null };
  const id = `msg_${newId()}`;
  const index = Math.max(-1, ...left.items.keys()) + 1;
  const item = refusalItem(request, refusal, id);
  const output = [...items.map(itemOf), item];
  const events: JsonObject[] = [
    ...(left.isBegun
      ? []
      : [
          { type: 'response.created', response: begin },
          { type: 'response.in_progress', response: begin },
        ]),
    ...breaks,
    ...items.filter(({ isDone }) => !isDone).flatMap(closeItem),
    ...sayItem(request, refusal, item, id, index),
    {
      type: 'response.incomplete',
      response: refusedResponse(refusal, head, output),
      chaperone: notice(refusal),
    },
  ];
  return events.map((event, at) => ({ ...event, sequence_number: left.next + at }));
}

/** Ends open text with a blank line: many readers, and `output_text` of the client, join what items say. */
function breakText({ index, item, parts }: LeftItem): readonly JsonObject[] {
  const open = parts.filter(({ kind, text, isTextDone }) => kind === 'output_text' && text !== '' && !isTextDone);
  return open.map((part) => {
    part.text += REFUSAL_BREAK;
    return {
      type: 'response.output_text.delta',
      item_id: textAt(item, 'id') ?? '',
      output_index: index,
      content_index: part.index,
      delta: REFUSAL_BREAK,
      logprobs: [],
    };
  });
}

function closeItem(left: LeftItem): readonly JsonObject[] {
  const { index, item, parts } = left;
  const where = { item_id: textAt(item, 'id') ?? '', output_index: index };
  return [
    ...parts.filter(({ isDone }) => !isDone).flatMap((part) => closePart(part, where)),
    { type: 'response.output_item.done', output_index: index, item: itemOf(left) },
  ];
}

function closePart(part: LeftPart, where: JsonObject): readonly JsonObject[] {
  const { place, index, kind, text, isTextDone } = part;
  const here = { ...where, [`${place}_index`]: index };
  const done = {
    ...here,
    [kind === 'refusal' ? 'refusal' : 'text']: text,
    ...(kind === 'output_text' && { logprobs: [] }),
  };
  return [
    ...(isTextDone ? [] : [{ type: `response.${TEXT_EVENTS[kind]}.done`, ...done }]),
    {
      type: place === 'summary' ? 'response.reasoning_summary_part.done' : 'response.content_part.done',
      ...here,
      part: partOf(part),
    },
  ];
}

const TEXT_EVENTS: { readonly [kind in LeftPart['kind']]: string } = {
  output_text: 'output_text',
  refusal: 'refusal',
  reasoning_text: 'reasoning_text',
  summary_text: 'reasoning_summary_text',
};

function sayItem(
  request: OpenAIRequest,
  { message }: Refusal,
  item: JsonObject,
  id: string,
  index: number,
): readonly JsonObject[] {
  const isStructured = wantsStructure(request);
  const name = isStructured ? 'response.refusal' : 'response.output_text';
  const logprobs = isStructured ? {} : { logprobs: [] };
  const where = { item_id: id, output_index: index, content_index: 0 };
  return [
    {
      type: 'response.output_item.added',
      output_index: index,
      item: { ...item, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', ...where, part: refusalPart(request, '') },
    { type: `${name}.delta`, ...where, delta: message, ...logprobs },
    { type: `${name}.done`, ...where, [isStructured ? 'refusal' : 'text']: message, ...logprobs },
    { type: 'response.content_part.done', ...where, part: refusalPart(request, message) },
    { type: 'response.output_item.done', output_index: index, item },
  ];
}
