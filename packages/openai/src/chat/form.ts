import type { Refusal } from '@chaperone/core';
import { at, isList, type JsonObject } from '../wire/json.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { refusedMessage } from './refusal.ts';
import { wantsStructure } from './request.ts';

/** How an answer with choices says something: with messages, or with bare text. */
export interface ChoiceForm {
  /** What ids begin with. */
  readonly id: string;
  /** What a whole answer calls itself, and what a chunk does. */
  readonly object: { readonly whole: string; readonly chunk: string };
  /** What of a choice says the message of a refusal. */
  readonly whole: (request: OpenAIRequest, refusal: Refusal) => JsonObject;
  /** The same in a chunk. */
  readonly piece: (request: OpenAIRequest, refusal: Refusal) => JsonObject;
  /** Whether a choice of a chunk has words where `piece` puts the message, so that readers would join the two. */
  readonly hasWords: (request: OpenAIRequest, choice: unknown) => boolean;
  /** What a chunk says that says nothing. */
  readonly nothing: JsonObject;
}

/** Chat completions. */
export const messageForm: ChoiceForm = {
  id: 'chatcmpl-',
  object: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  whole: (request, refusal) => ({ message: refusedMessage(request, refusal) }),
  piece: (request, refusal) => ({ delta: deltaOf(refusedMessage(request, refusal)) }),
  hasWords: (request, choice) => says(at(at(choice, 'delta'), wantsStructure(request) ? 'refusal' : 'content')),
  nothing: { delta: {} },
};

/** Content may be a list of parts, as some vendors send it. */
function says(content: unknown): boolean {
  return typeof content === 'string' ? content !== '' : isList(content) && content.length > 0;
}

/** What a message adds to a stream: fields that say nothing are left out. */
function deltaOf(message: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null));
}
