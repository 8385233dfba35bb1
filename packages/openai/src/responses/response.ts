import type { Refusal, ReplyReading, Segment, Usage } from '@chaperone/core';
import { type Answer, writtenAnswer } from '../wire/answer.ts';
import { at, isList, isRecord, type JsonObject, textAt, withoutEscapes } from '../wire/json.ts';
import { isNotice } from '../wire/notice.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { toolNames, unknownName } from '../wire/tool-names.ts';
import { type ItemReader, readOutputItem, readPart } from './items.ts';
import { headOf, newId, OF_THE_REQUEST, refusalItem, refusedResponse } from './refusal.ts';
import { wantsStructure } from './request.ts';
import { readUsage, withAddedUsage } from './usage.ts';

/** What a response says about itself and its request; all else could be read by somebody. */
const ABOUT_THE_RESPONSE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'output',
  'output_text', // read above
  'usage',
  'error',
  'incomplete_details',
  'moderation',
  'content_filters',
  'billing',
  'access_programs',
  'context_management',
  'include',
  'prompt_cache_options',
  'frequency_penalty',
  'presence_penalty',
  ...OF_THE_REQUEST,
]);

/** Everything that a response says. Throws where the body is none. */
export function readResponse({ body, request }: Pick<Answer, 'body' | 'request'>): ReplyReading {
  if (!isRecord(body) || !isList(body['output'])) throw new TypeError('The answer is not a response.');
  const segments: Segment[] = [];
  const isStructured = request !== undefined && wantsStructure(request);
  const take = (segment: Segment): void => {
    const { kind, text } = segment;
    segments.push(
      isStructured && kind === 'text' && text !== undefined ? { ...segment, text: withoutEscapes(text) } : segment,
    );
  };
  const reader = { name: unknownName(toolNames(request?.body)), take };
  readOutput(body, reader);
  return { segments, ...aboutResponse(body) };
}

/** Hands over every segment of a response. */
export function readOutput(response: JsonObject, reader: ItemReader): void {
  const { output } = response;
  if (isList(output)) output.forEach((item, index) => readOutputItem(item, outputPath(index), reader));
  const said = textAt(response, 'output_text');
  if (said !== undefined && said !== textOf(output)) reader.take(textSegment('output_text', said));
  for (const key in response)
    if (!ABOUT_THE_RESPONSE.has(key) && !isNotice(key, response[key]))
      readPart({ [key]: response[key] }, '', 'text', reader);
}

/** What clients make `output_text` of. Whoever sends one of his own says something by it. */
function textOf(output: unknown): string {
  return listOf(output)
    .flatMap((item) => (textAt(item, 'type') === 'message' ? listOf(at(item, 'content')) : []))
    .map((part) => (textAt(part, 'type') === 'output_text' ? (textAt(part, 'text') ?? '') : ''))
    .join('');
}

function listOf(value: unknown): readonly unknown[] {
  return isList(value) ? value : [];
}

function textSegment(path: string, text: string): Segment {
  return { kind: 'text', role: 'assistant', path, text };
}

/** What a response says about itself. */
export function aboutResponse(response: JsonObject): Pick<ReplyReading, 'usage' | 'providerBlocks'> {
  const usage = readUsage(response);
  const isBlocked = at(response['incomplete_details'], 'reason') === 'content_filter';
  return { ...(usage && { usage }), ...(isBlocked && { providerBlocks: ['output'] }) };
}

export function outputPath(index: number): string {
  return FIRST_ITEMS[index] ?? `output[${index}]`;
}

const FIRST_ITEMS: readonly string[] = [0, 1, 2, 3].map((index) => `output[${index}]`);

/** A response that is nothing but a refusal: it is one answer, of which no part is left when one is refused. */
export function refuseResponse(request: OpenAIRequest, refusal: Refusal, answer?: Answer): Answer {
  const item = refusalItem(request, refusal, `msg_${newId()}`);
  return writtenAnswer(refusedResponse(refusal, headOf(request, answer?.body), [item]), answer);
}

/** The response with the tokens of the attempts before it. */
export function addResponseUsage(answer: Answer, usage: Usage): Answer {
  const body = withAddedUsage(answer.body, usage);
  return body === answer.body ? answer : writtenAnswer(body, answer);
}
