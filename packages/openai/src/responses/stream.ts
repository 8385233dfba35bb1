import type { ChunkReader, ChunkReading, Segment, Usage } from '@chaperone/core';
import { type Frame, writeFrame } from '../wire/frame.ts';
import { isRecord, type JsonObject, withoutEscapes } from '../wire/json.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { toolNames, unknownName } from '../wire/tool-names.ts';
import { LAST_EVENTS, readEvent, typeOf } from './events.ts';
import { Heard } from './heard.ts';
import { isForCaller } from './items.ts';
import { Left } from './left.ts';
import { refusalEvents } from './refusal-events.ts';
import { headOf, newId, refusalItem, refusedResponse } from './refusal.ts';
import { wantsStructure } from './request.ts';
import { aboutResponse, readResponse } from './response.ts';
import { withAddedUsage } from './usage.ts';

/** Starts reading the events of one streamed response. */
export function openStream(request: OpenAIRequest): ChunkReader<Frame> {
  const name = unknownName(toolNames(request.body));
  const heard = new Heard(wantsStructure(request));
  const left = new Left();
  let head: JsonObject | undefined;
  let document: Frame | undefined;
  let isComplete = false;

  return {
    read(frame): ChunkReading {
      const { data, form, readable } = frame;
      if (form === 'document') document = frame;
      if (!readable) throw new TypeError('The event is not JSON.');
      if (!isRecord(data)) {
        if (data !== undefined) throw new TypeError('The event is not an object.');
        return { segments: [] };
      }
      if (form === 'document') return { ...readResponse({ body: data, request }), isSealed: true };
      const { response } = data;
      const isLast = LAST_EVENTS.has(typeOf(data));
      if (isRecord(response) && !isLast) head ??= response;
      isComplete ||= isLast;
      const segments: Segment[] = [];
      const ended: string[] = [];
      readEvent(data, {
        name,
        more: (segment) => heard.more(segment, segments),
        all: (segment) => heard.all(segment, segments),
        end: (path) => ended.push(...heard.end(path)),
      });
      const about = isRecord(response) ? aboutResponse(response) : {};
      // The head of a call, its name, must not leave without its arguments.
      const beginsCall = typeOf(data) === 'response.output_item.added' && isForCaller(data['item']);
      return { segments, ...about, ...(ended.length > 0 && { ended }), ...(beginsCall && { isLast: true }) };
    },

    whole: (segment) => (segment.text === undefined ? segment : { ...segment, text: withoutEscapes(segment.text) }),

    left({ data }) {
      if (isRecord(data)) left.take(data);
    },

    // A response is one answer: what has not left of it is refused with the rest.
    without: () => undefined,

    refuse(refusal) {
      const start = headOf(request, head);
      if (document !== undefined) {
        const item = refusalItem(request, refusal, `msg_${newId()}`);
        return [writeFrame(refusedResponse(refusal, headOf(request, document.data), [item]), 'document')];
      }
      return refusalEvents(request, refusal, start, left).map((event) => writeFrame(event, 'event', typeOf(event)));
    },

    isComplete: () => document !== undefined || isComplete,

    addUsage(frame, usage: Usage) {
      const { data, form } = frame;
      if (!isRecord(data)) return frame;
      if (form === 'document') {
        const added = withAddedUsage(data, usage);
        return added === data ? frame : writeFrame(added, form);
      }
      const { response } = data;
      const added = withAddedUsage(response, usage);
      return added === response ? frame : writeFrame({ ...data, response: added }, form, typeOf(data));
    },
  };
}
