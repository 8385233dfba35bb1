import type { Refusal, ReplyReading, Segment, Usage } from '@chaperone/core';
import { choiceIndex, choicePath, isProviderBlock, readChoice, reading, refusedChoices } from './choices.ts';
import { isList, isRecord, type JsonObject } from './json.ts';
import { headOf, newHead, notice, refusedMessage } from './refusal.ts';
import { type ChatRequest, choicesAsked } from './request.ts';
import { unknownName } from './tool-names.ts';
import { readUsage, usageField, withAddedUsage } from './usage.ts';

/** A completion, and where it comes from. */
export interface Completion {
  readonly body: unknown;
  /** Upstream's answer, its body unread. Absent: upstream was not asked. */
  readonly response?: Response;
  /** The names of the tools that the request declared. */
  readonly tools: ReadonlySet<string>;
  /** The body is no longer upstream's. */
  readonly changed?: boolean;
}

/** Everything that a completion says. Throws where the body is none. */
export function readCompletion({ body, tools }: Completion): ReplyReading {
  const choices = isRecord(body) ? body['choices'] : undefined;
  if (!isRecord(body) || !isList(choices)) throw new TypeError('The answer is not a chat completion.');
  const segments: Segment[] = [];
  const providerBlocks: string[] = [];
  const name = unknownName(tools);
  choices.forEach((choice, position) => {
    const path = choicePath(position);
    if (isProviderBlock(choice)) providerBlocks.push(path);
    readChoice(choice, path, { name, take: (segment) => segments.push(segment), place: (_element, index) => index });
  });
  return reading({ segments, providerBlocks }, readUsage(body));
}

/** The completion with the refused choices replaced, or one that is nothing but a refusal. */
export function refuseCompletion(request: ChatRequest, refusal: Refusal, completion?: Completion): Completion {
  const { body } = refusedBody(request, refusal, completion?.body);
  return { tools: new Set(), ...completion, body, changed: true };
}

/** The body of a refusal, and whether some of its choices are still the answer's. */
export function refusedBody(
  request: ChatRequest,
  refusal: Refusal,
  answer?: unknown,
): { readonly body: JsonObject; readonly partly: boolean } {
  const refused = refusedChoices(refusal);
  const message = refusedMessage(request, refusal);
  const given = isRecord(answer) && isList(answer['choices']) ? answer['choices'] : [];
  const isKept = (index: number): boolean => refused !== 'all' && !refused.has(index);
  const choices =
    given.length > 0
      ? given.map((choice, index) => (isKept(index) ? choice : refusedChoice(choiceIndex(choice, index), message)))
      : Array.from({ length: choicesAsked(request) }, (_, index) => refusedChoice(index, message));
  const head = isRecord(answer) ? headOf(answer) : newHead(request, 'chat.completion');
  return {
    body: { ...head, choices, ...usageField(refusal.usage), chaperone: notice(refusal) },
    partly: given.some((_choice, index) => isKept(index)),
  };
}

function refusedChoice(index: number, message: JsonObject): JsonObject {
  return { index, message, logprobs: null, finish_reason: 'content_filter' };
}

/** The completion with the tokens of the attempts before it. */
export function addCompletionUsage(completion: Completion, usage: Usage): Completion {
  const body = withAddedUsage(completion.body, usage);
  return body === completion.body ? completion : { ...completion, body, changed: true };
}
