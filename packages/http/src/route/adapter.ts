import type { ChunkReader, Decision, Refusal, StreamAdapter } from '@chaperone/core';
import type { Frame } from '@chaperone/openai';
import { at, isList, isRecord, textAt } from '../value.ts';
import type { HandlerAnswer } from './answer.ts';
import type { RouteRequest } from './forms/form.ts';
import { PROTOCOLS } from './protocols/protocols.ts';
import type { Protocol, ProtocolName, ReadingOptions } from './protocols/protocol.ts';
import { openUnknown } from './protocols/unknown.ts';

/** One call of a route: which protocol is spoken shows when its handler answers. */
export interface RouteExchange {
  /** Every answer is read as a stream: of one frame, where it comes as a whole. */
  readonly adapter: StreamAdapter<RouteRequest, Frame>;
  /** Told of an answer before it is read. */
  answered(answer: HandlerAnswer): void;
  /** The refusal of an answer, and what it is written in. */
  readonly refused: { readonly refusal: Refusal; readonly protocol: Protocol } | undefined;
  /** What was decided of an answer that was released, where that is not `allow`. */
  readonly output: Decision | undefined;
}

/** @param spoken what the client speaks, as far as its request says */
export function routeExchange(spoken: ProtocolName, options: ReadingOptions): RouteExchange {
  let answer: HandlerAnswer | undefined;
  let refused: RouteExchange['refused'];
  let output: Decision | undefined;

  const open = (request: RouteRequest): ChunkReader<Frame> => {
    const expected = PROTOCOLS[spoken].open(request, options);
    switch (answer?.body) {
      case 'text':
        return PROTOCOLS.text.open(request, options);
      case 'unknown':
        return openUnknown(expected.refuse);
      case 'document':
      case 'events':
        return openBySight(request, spoken, answer.body, options);
      default:
        return expected;
    }
  };
  /** Remembers what a refusal is written in, where it is all of the answer. */
  const noting = (reader: ChunkReader<Frame>): ChunkReader<Frame> => ({
    ...reader,
    refuse(refusal: Refusal, ended: boolean) {
      const frames = reader.refuse(refusal, ended);
      refused = { refusal, protocol: protocolOf(answer?.body, spoken, frames) };
      return frames;
    },
    addDecision(frame, decision) {
      output = decision;
      return reader.addDecision?.(frame, decision) ?? frame;
    },
  });
  return {
    adapter: {
      name: 'route',
      readRequest: (request) => ({ messages: request.form.read(request) }),
      rewriteRequest(request, edits) {
        const body = request.form.rewrite(request, edits);
        return body && { ...request, body };
      },
      addFeedback(request, feedback) {
        const body = request.form.addFeedback(request, feedback);
        return body && { ...request, body };
      },
      openStream: (request) => noting(open(request)),
    },
    answered(came) {
      if (answer && answer.body !== came.body)
        throw new TypeError('The handler answered in another protocol than before.');
      answer = came;
    },
    get refused() {
      return refused;
    },
    get output() {
      return output;
    },
  };
}

function protocolOf(body: HandlerAnswer['body'] | undefined, spoken: ProtocolName, frames: readonly Frame[]): Protocol {
  if (body === 'text') return PROTOCOLS.text;
  if (body === 'document') return isList(at(frames[0]?.data, 'choices')) ? PROTOCOLS.openai : PROTOCOLS.json;
  return PROTOCOLS[spoken];
}

/** A reader that is chosen by the first event, or by the document, that it is to read. */
function openBySight(
  request: RouteRequest,
  spoken: ProtocolName,
  body: 'document' | 'events',
  options: ReadingOptions,
): ChunkReader<Frame> {
  const [ofOpenAI, ofOthers] = SIGHTS[body];
  const unread = PROTOCOLS[spoken === ofOpenAI ? ofOpenAI : ofOthers];
  let chosen: ChunkReader<Frame> | undefined;
  const choose = (frame: Frame): ChunkReader<Frame> => {
    if (chosen || frame.data === undefined) return chosen ?? waiting;
    const name = nameOf(frame.data, body);
    chosen = name ? PROTOCOLS[name].open(request, options) : openUnknown(waiting.refuse);
    return chosen;
  };
  const waiting = unread.open(request, options);
  const reader = (): ChunkReader<Frame> => chosen ?? waiting;
  return {
    read: (frame) => choose(frame).read(frame),
    whole: (segment) => reader().whole?.(segment) ?? segment,
    left: (frame) => reader().left?.(frame),
    without: (frame, refusal) => reader().without(frame, refusal),
    refuse: (refusal, ended) => reader().refuse(refusal, ended),
    isEverything: (paths) => reader().isEverything?.(paths) ?? true,
    isComplete: () => reader().isComplete?.() ?? true,
    addUsage: (frame, usage) => reader().addUsage(frame, usage),
    addDecision: (frame, decision) => reader().addDecision?.(frame, decision) ?? frame,
  };
}

/** What a body may turn out to be. */
const SIGHTS = { document: ['openai', 'json'], events: ['openai-stream', 'ui-message-stream'] } as const;

function nameOf(data: unknown, body: 'document' | 'events'): ProtocolName | undefined {
  const isOpenAI = isList(at(data, 'choices'));
  if (body === 'document') return isOpenAI ? 'openai' : 'json';
  if (isOpenAI) return 'openai-stream';
  return isRecord(data) && UI_CHUNK.test(textAt(data, 'type') ?? '') ? 'ui-message-stream' : undefined;
}

/** The chunks that a UI message stream may begin with. */
const UI_CHUNK =
  /^(?:start|start-step|text-start|reasoning-start|tool-input-start|message-metadata|error|abort|data-[\w-]+)$/;
