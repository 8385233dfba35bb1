import type { Refusal } from '@chaperone/core';
import { at, type JsonObject, textAt } from '../wire/json.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { refusedMessage } from './refusal.ts';

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
  /** The words that a choice of a chunk adds to its text. */
  readonly wordsIn: (choice: unknown) => string | undefined;
  /** What a chunk says that says nothing. */
  readonly nothing: JsonObject;
}

/** Chat completions. */
export const messageForm: ChoiceForm = {
  id: 'chatcmpl-',
  object: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  whole: (request, refusal) => ({ message: refusedMessage(request, refusal) }),
  piece: (request, refusal) => ({ delta: deltaOf(refusedMessage(request, refusal)) }),
  wordsIn: (choice) => textAt(at(choice, 'delta'), 'content'),
  nothing: { delta: {} },
};

/** What a message adds to a stream: fields that say nothing are left out. */
function deltaOf(message: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null));
}
