import {
  type ChunkReader,
  type ChunkReading,
  type Refusal,
  REFUSAL_BREAK,
  type Segment,
  type Usage,
} from '@chaperone/core';
import {
  choiceIndex,
  choicePath,
  isProviderBlock,
  readBesides,
  readChoice,
  reading,
  refusedChoices,
} from './choices.ts';
import { readCompletion, refusedBody } from './completion.ts';
import type { ContentReader } from '../wire/content.ts';
import { endFrame, type Frame, writeFrame } from '../wire/frame.ts';
import { at, isList, isRecord, type JsonObject, textAt, withoutEscapes } from '../wire/json.ts';
import { notice } from '../wire/notice.ts';
import type { ChoiceForm } from './form.ts';
import { headOf, newHead } from './refusal.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { choicesAsked, wantsStructure } from './request.ts';
import { toolNames, unknownNameInPieces } from '../wire/tool-names.ts';
import { readUsage, usageField, withAddedUsage } from './usage.ts';

/** Starts reading the frames of one streamed reply. */
export function openStream(says: ChoiceForm, request: OpenAIRequest): ChunkReader<Frame> {
  const tools = toolNames(request.body);
  const media = new Set<string>();
  const isStructured = wantsStructure(request);
  const seen = new Set<number>();
  const finished = new Set<number>();
  /** Choices of which words have left that a refusal would go on. */
  const begun = new Set<number>();
  let head: JsonObject | undefined;
  let document: Frame | undefined;

  let segments: Segment[] = [];
  const reader: ContentReader = {
    role: 'assistant',
    name: unknownNameInPieces(tools),
    take: (segment) => {
      if (segment.text === undefined) segments.push(...once(segment, media));
      else segments.push(isStructured && segment.kind === 'text' ? { ...segment, isWhole: true } : segment);
    },
    place: choiceIndex, // tool calls and images say their place as choices do
    isInPieces: true,
  };

  return {
    read(frame): ChunkReading {
      const { data, form, readable } = frame;
      if (form === 'document') document = frame;
      if (!readable) throw new TypeError('The event is not JSON.');
      if (!isRecord(data)) {
        if (data !== undefined) throw new TypeError('The event is not an object.');
        return { segments: [] };
      }
      if (form === 'document') return { ...readCompletion({ body: data, request }), isSealed: true };
      segments = [];
      const providerBlocks: string[] = [];
      const choices = choicesOf(data);
      let isLast = false;
      for (const [position, choice] of choices.entries()) {
        const index = choiceIndex(choice, position);
        seen.add(index);
        if (textAt(choice, 'finish_reason') !== undefined) finished.add(index);
        if (isProviderBlock(choice)) providerBlocks.push(choicePath(index));
        readChoice(choice, choicePath(index), reader);
        isLast ||= callsTools(choice);
      }
      readBesides(data, reader, head);
      if (choices.length > 0) head ??= headOf(data);
      const read = reading({ segments, providerBlocks }, readUsage(data));
      return isLast ? { ...read, isLast } : read;
    },

    whole: (segment) => (segment.text === undefined ? segment : { ...segment, text: withoutEscapes(segment.text) }),

    left({ data }) {
      if (begun.size === seen.size || !isRecord(data)) return; // nothing new to see: it is asked with every token
      for (const [position, choice] of choicesOf(data).entries())
        if (says.hasWords(request, choice)) begun.add(choiceIndex(choice, position));
    },

    without(frame, refusal) {
      const { data, form, readable } = frame;
      if (!readable) return undefined;
      if (!isRecord(data)) return frame;
      if (form === 'document') {
        const { body, partly } = refusedBody(says, request, refusal, data);
        return partly ? writeFrame(body, form) : undefined;
      }
      const choices = choicesOf(data);
      const refused = refusedChoices(refusal);
      const left = choices.filter(
        (choice, position) => refused !== 'all' && !refused.has(choiceIndex(choice, position)),
      );
      // What stands beside choices may quote what is refused.
      const isBare = !saysBesides(data);
      if (left.length === choices.length && isBare) return frame;
      if (left.length > 0)
        return writeFrame({ ...(isBare ? data : { ...headOf(data), ...usageOf(data) }), choices: left }, form);
      return readUsage(data) === undefined
        ? undefined
        : writeFrame({ ...headOf(data), choices: [], ...usageOf(data) }, form);
    },

    refuse(refusal, ended) {
      if (document !== undefined) {
        // A whole answer that is refused in part was given by `without`.
        const { body, partly } = refusedBody(says, request, refusal, document.data);
        return partly ? [] : [writeFrame(body, 'document')];
      }
      const start = head ?? newHead(request, says.id, says.object.chunk);
      const named = refusedChoices(refusal);
      const indices = named === 'all' ? [...new Set([...seen, ...Array(choicesAsked(request)).keys()])] : [...named];
      const write = (rest: JsonObject): Frame => writeFrame({ ...start, ...rest }, 'event');
      const said = (index: number): JsonObject => {
        const { message } = refusal;
        return says.piece(request, begun.has(index) ? { ...refusal, message: REFUSAL_BREAK + message } : refusal);
      };
      const choice = (index: number, piece: JsonObject, finish: string | null): JsonObject => ({
        choices: [{ index, ...piece, logprobs: null, finish_reason: finish }],
      });
      return [
        ...indices.map((index) => write(choice(index, said(index), null))),
        ...indices.map((index) =>
          write({ ...choice(index, says.nothing, 'content_filter'), chaperone: notice(refusal) }),
        ),
        ...(ended ? [] : usageFrames(request, refusal, write)),
        ...(ended ? [] : [endFrame()]),
      ];
    },

    isComplete: () => document !== undefined || (seen.size > 0 && finished.size === seen.size),

    isEverything(paths) {
      const refused = new Set(paths.map((path) => /^choices\[(\d+)\]/.exec(path)?.[1]));
      return refused.has(undefined) || refused.size >= Math.max(choicesAsked(request), seen.size);
    },

    addUsage(frame, usage: Usage) {
      const { data, form } = frame;
      if (!isRecord(data)) return frame;
      const added = withAddedUsage(data, usage);
      return added === data ? frame : writeFrame(added, form);
    },
  };
}

/** The head of a call, its name, must not leave without its arguments. */
function callsTools(choice: unknown): boolean {
  const delta = at(choice, 'delta');
  return isRecord(delta) && (delta['tool_calls'] ?? delta['function_call'] ?? undefined) !== undefined;
}

function choicesOf(data: JsonObject): readonly unknown[] {
  const { choices } = data;
  return isList(choices) ? choices : [];
}

function saysBesides(data: JsonObject): boolean {
  let says = false;
  const name = (_path: string, given: string): string => given;
  readBesides(data, { role: 'assistant', name, take: () => (says = true), place: (_element, position) => position });
  return says;
}

function usageOf({ usage }: JsonObject): JsonObject {
  return usage === undefined ? {} : { usage };
}

function usageFrames(
  { body }: OpenAIRequest,
  { usage }: Refusal,
  write: (rest: JsonObject) => Frame,
): readonly Frame[] {
  const asked = at(body['stream_options'], 'include_usage') === true;
  return asked && usage !== 'unknown' ? [write({ choices: [], ...usageField(usage) })] : [];
}

/** A medium may come in many pieces: the first stands for it, and each image for itself. */
function once(segment: Segment, media: Set<string>): readonly Segment[] {
  const seen = media.has(segment.path);
  media.add(segment.path);
  if (!seen) return [segment];
  if (segment.image === undefined) return [];
  const path = `${segment.path}#${media.size}`;
  media.add(path);
  return [{ ...segment, path }];
}
