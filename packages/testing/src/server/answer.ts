import type { Usage } from '@chaperone/core';
import type { ChatRequest } from './wire.ts';

/** A call that the model makes of a tool. */
export interface AnswerToolCall {
  /** Default: made by the server. */
  readonly id?: string;
  readonly name: string;
  /** As it goes over the wire: JSON as text, or something that fails to be. */
  readonly arguments: string;
}

/** Why one side of an inline moderation could not be judged. */
export interface ModerationError {
  readonly code: string;
  readonly message: string;
}

/** What the model says in one choice. */
export interface AnswerChoice {
  /** Default: `chunks` joined; without those null beside a refusal or tool calls, else empty. */
  readonly content?: string | null;
  /** What `content` is cut into in a stream. Default: word by word. */
  readonly chunks?: readonly string[];
  /** The model's own refusal. */
  readonly refusal?: string;
  /** Sent before the content: as `reasoning_content`, in a response as an item with a summary. */
  readonly reasoning?: string;
  /**
   * Only in a response: output items as they go over the wire, of any type also an unknown one, after the reasoning and
   * before the message. Default `id`: made by the server. A stream has each of them twice and nothing in between: as it
   * is added (a `status` then says `in_progress`) and as it is done.
   */
  readonly items?: readonly object[];
  readonly toolCalls?: readonly AnswerToolCall[];
  /**
   * Default: `tool_calls` where there are any, else `stop`. With `length` or `content_filter` a response is `incomplete`.
   */
  readonly finishReason?: string;
  /** Only in a chat: what Azure's filter says of the choice, as its `content_filter_results`. Default: nothing. */
  readonly contentFilterResults?: object;
}

/**
 * What the model says: a text, or whatever a completion can hold. It is said in the form of the endpoint that was asked;
 * in a response each choice is a message of its own, a legacy completion has nothing but the content or the refusal.
 */
export type Answer =
  | string
  | (AnswerChoice & {
      /** These choices, however many were asked for. Default: the same answer for each of `n`. */
      readonly choices?: readonly (string | AnswerChoice)[];
      /** `null`: none is reported. Default: a token for every four characters. */
      readonly usage?: Usage | null;
      /** The model that is said to have answered. Default: the one that was asked for. */
      readonly model?: string;
      /**
       * Only where the request has `moderation`: the sides of it that fail, while the answer is good. Default: both are
       * judged by the moderation script.
       */
      readonly moderationErrors?: { readonly input?: ModerationError; readonly output?: ModerationError };
      /**
       * Only in a chat: what Azure's filter says of the request, as the answer's `prompt_filter_results`; in a stream in a
       * chunk of their own before all others, without a choice. Default: nothing.
       */
      readonly promptFilterResults?: readonly object[];
    });

/**
 * What the model is going to say: always the same, a list that plays in order and whose last one repeats, or what a
 * function makes of the request. Whatever the endpoint, it gets all that was sent with the `messages` of a chat: those of
 * a response are its `instructions` and its `input`, those of a legacy completion its prompts. A script that throws gives
 * status 500 with its message.
 */
export type ChatScript = Answer | readonly Answer[] | ((request: ChatRequest) => Answer | Promise<Answer>);

/** What is said where no script says otherwise. */
export const DEFAULT_ANSWER = 'Thank you for your message. How can I help you today?';

/** A choice with every default filled in. */
export interface ResolvedChoice {
  readonly content: string | null;
  readonly pieces: readonly string[];
  readonly refusal: string | null;
  readonly reasoning: string | undefined;
  readonly items: readonly object[];
  readonly toolCalls: readonly Required<AnswerToolCall>[];
  readonly finishReason: string;
  readonly contentFilterResults: object | undefined;
}

/** An answer with every default filled in. */
export interface ResolvedAnswer {
  /** Of this completion, unique in the server. */
  readonly number: number;
  readonly model: string;
  readonly choices: readonly ResolvedChoice[];
  readonly usage: Usage | undefined;
  readonly moderationErrors: { readonly input?: ModerationError; readonly output?: ModerationError };
  readonly promptFilterResults: readonly object[] | undefined;
}

/** Makes a function of every form of script. Each call of it takes the next answer of a list. */
export function playScript(script: ChatScript): (request: ChatRequest) => Promise<Answer> {
  if (typeof script === 'function') return async (request) => script(request);
  const answers = isList(script) ? script : [script];
  let played = 0;
  return () => Promise.resolve(answers[Math.min(played++, answers.length - 1)] ?? DEFAULT_ANSWER);
}

/** Fills in the defaults of an answer to a request. */
export function resolveAnswer(answer: Answer, request: ChatRequest, number: number): ResolvedAnswer {
  const whole: Exclude<Answer, string> = typeof answer === 'string' ? { content: answer } : answer;
  const { model = request.model, moderationErrors = {}, promptFilterResults } = whole;
  const given = whole.choices ?? Array.from({ length: request.n ?? 1 }, () => whole);
  const choices = given.map((choice, index) => resolveChoice(choice, `${number}_${index}`));
  const usage = whole.usage === undefined ? estimateUsage(request, choices) : (whole.usage ?? undefined);
  return { number, model, choices, usage, moderationErrors, promptFilterResults };
}

/** Cuts a text into words, each with the white space before it. */
export function cutIntoWords(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+/g) ?? [];
}

/** Cuts a text into pieces of at most so many characters, never inside of one. */
export function cutEvery(length: number, text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${length}}`, 'gsu')) ?? [];
}

// `Array.isArray` does not narrow a readonly array out of a union.
function isList(script: Answer | readonly Answer[]): script is readonly Answer[] {
  return Array.isArray(script);
}

function resolveChoice(given: string | AnswerChoice, id: string): ResolvedChoice {
  const choice: AnswerChoice = typeof given === 'string' ? { content: given } : given;
  const speaks = choice.refusal === undefined && !choice.toolCalls?.length;
  const content = choice.content === undefined ? (choice.chunks?.join('') ?? (speaks ? '' : null)) : choice.content;
  if (choice.chunks && choice.chunks.join('') !== (content ?? ''))
    throw new Error('The chunks of a scripted answer, joined, must be its content; leave one of the two out.');
  return {
    content,
    pieces: choice.chunks ?? cutIntoWords(content ?? ''),
    refusal: choice.refusal ?? null,
    reasoning: choice.reasoning,
    items: (choice.items ?? []).map((item, index) => ({ id: `item_${id}_${index}`, ...item })),
    toolCalls: (choice.toolCalls ?? []).map((call, index) => ({ id: `call_${id}_${index}`, ...call })),
    finishReason: choice.finishReason ?? (choice.toolCalls?.length ? 'tool_calls' : 'stop'),
    contentFilterResults: choice.contentFilterResults,
  };
}

/** Everything that a choice says. */
export function textsOf({ content, refusal, reasoning, toolCalls }: ResolvedChoice): readonly string[] {
  return [
    ...[reasoning, content, refusal].map((text) => text ?? ''),
    ...toolCalls.map((call) => call.arguments),
  ].filter((text) => text !== '');
}

function estimateUsage(request: ChatRequest, choices: readonly ResolvedChoice[]): Usage {
  const said = choices.flatMap(textsOf);
  return { inputTokens: tokens(JSON.stringify(request.messages)), outputTokens: tokens(said.join('')) };
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}
