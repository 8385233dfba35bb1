import type { Refusal, ReplyReading, Segment, Usage } from '@chaperone/core';
import {
  choiceIndex,
  choicePath,
  isProviderBlock,
  readBesides,
  readChoice,
  reading,
  refusedChoices,
} from './choices.ts';
import { isList, isRecord, type JsonObject, withoutEscapes } from '../wire/json.ts';
import { notice } from '../wire/notice.ts';
import type { ChoiceForm } from './form.ts';
import { headOf, newHead } from './refusal.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { choicesAsked, wantsStructure } from './request.ts';
import { type Answer, writtenAnswer } from '../wire/answer.ts';
import type { ContentReader } from '../wire/content.ts';
import { toolNames, unknownName } from '../wire/tool-names.ts';
import { readUsage, usageField, withAddedUsage } from './usage.ts';

/** Everything that a completion says. Throws where the body is none. */
export function readCompletion({ body, request }: Pick<Answer, 'body' | 'request'>): ReplyReading {
  const choices = isRecord(body) ? body['choices'] : undefined;
  if (!isRecord(body) || !isList(choices)) throw new TypeError('The answer is not a chat completion.');
  const segments: Segment[] = [];
  const providerBlocks: string[] = [];
  const isStructured = request !== undefined && wantsStructure(request);
  const reader: ContentReader = {
    role: 'assistant',
    name: unknownName(toolNames(request?.body)),
    take: (segment) => segments.push(isStructured && segment.kind === 'text' ? asMeant(segment) : segment),
    place: (_element, index) => index,
  };
  choices.forEach((choice, position) => {
    const path = choicePath(position);
    if (isProviderBlock(choice)) providerBlocks.push(path);
    readChoice(choice, path, reader);
  });
  readBesides(body, reader);
  return reading({ segments, providerBlocks }, readUsage(body));
}

/** Structured output says what it means, whatever letters of it are escaped. */
function asMeant(segment: Segment): Segment {
  return segment.text === undefined ? segment : { ...segment, text: withoutEscapes(segment.text) };
}

/** The completion with the refused choices replaced, or one that is nothing but a refusal. */
export function refuseCompletion(form: ChoiceForm, request: OpenAIRequest, refusal: Refusal, answer?: Answer): Answer {
  return writtenAnswer(refusedBody(form, request, refusal, answer?.body).body, answer);
}

/** The body of a refusal, and whether some of its choices are still the answer's. */
export function refusedBody(
  form: ChoiceForm,
  request: OpenAIRequest,
  refusal: Refusal,
  answer?: unknown,
): { readonly body: JsonObject; readonly partly: boolean } {
  const refused = refusedChoices(refusal);
  const said = form.whole(request, refusal);
  const given = isRecord(answer) && isList(answer['choices']) ? answer['choices'] : [];
  const isKept = (index: number): boolean => refused !== 'all' && !refused.has(index);
  const choices =
    given.length > 0
      ? given.map((choice, index) => (isKept(index) ? choice : refusedChoice(choiceIndex(choice, index), said)))
      : Array.from({ length: choicesAsked(request) }, (_, index) => refusedChoice(index, said));
  const head = isRecord(answer) ? headOf(answer) : newHead(request, form.id, form.object.whole);
  return {
    body: { ...head, choices, ...usageField(refusal.usage), chaperone: notice(refusal) },
    partly: given.some((_choice, index) => isKept(index)),
  };
}

function refusedChoice(index: number, said: JsonObject): JsonObject {
  return { index, ...said, logprobs: null, finish_reason: 'content_filter' };
}

/** The completion with the tokens of the attempts before it. */
export function addCompletionUsage(answer: Answer, usage: Usage): Answer {
  const body = withAddedUsage(answer.body, usage);
  return body === answer.body ? answer : writtenAnswer(body, answer);
}
