import type { Usage } from '@chaperone/core';
import { cutEvery, cutIntoWords, type ResolvedAnswer, type ResolvedChoice } from './answer.ts';
import { chatModeration, type InlineModeration } from './inline-moderation.ts';
import { tokenLogprobs } from './logprobs.ts';
import type { ChatRequest } from './wire.ts';

/** The moment at which everything here claims to have been made: the same in every run. */
export const CREATED = 1_750_000_000;

/** One event of a stream: what it carries, and at which step of the generation it comes (the first token is step 0). */
export interface StreamEvent {
  readonly step: number;
  /** Its `event:` line. Default: none. */
  readonly name?: string;
  readonly data: object | '[DONE]';
}

/** A completion as it comes at once. */
export function completion(answer: ResolvedAnswer, request: ChatRequest, moderation?: InlineModeration): object {
  return {
    ...envelope(answer, 'chat.completion'),
    choices: answer.choices.map((choice, index) => ({
      index,
      message: message(choice),
      logprobs: request.logprobs ? logprobs(choice.pieces) : null,
      finish_reason: choice.finishReason,
      ...filtered(choice),
    })),
    ...(answer.usage && { usage: wireUsage(answer.usage) }),
    ...(moderation && { moderation: chatModeration(moderation) }),
    ...(answer.promptFilterResults && { prompt_filter_results: answer.promptFilterResults }),
  };
}

/**
 * The same completion as it comes piece by piece: the choices take turns. What is not of a choice comes in chunks that
 * have none.
 */
export function completionEvents(
  answer: ResolvedAnswer,
  request: ChatRequest,
  moderation?: InlineModeration,
): readonly StreamEvent[] {
  const countsUsage = request.stream_options?.include_usage === true;
  const head = { ...envelope(answer, 'chat.completion.chunk'), ...(countsUsage && { usage: null }) };
  const spoken = answer.choices.map((choice) => deltas(choice, request.logprobs === true));
  const steps = Math.max(0, ...spoken.map(({ length }) => length));
  const last = Math.max(0, steps - 1);
  const events: StreamEvent[] = [];
  const sayApart = (step: number, more: object): void => {
    events.push({ step, data: { ...head, choices: [], ...more } });
  };
  const say = (step: number, index: number, delta: object, more: object = {}): void => {
    const choice = { index, delta, logprobs: null, finish_reason: null, ...filtered(answer.choices[index]), ...more };
    events.push({ step, data: { ...head, choices: [choice] } });
  };
  if (answer.promptFilterResults) sayApart(0, { prompt_filter_results: answer.promptFilterResults });
  for (const [index, { content }] of answer.choices.entries())
    say(0, index, { role: 'assistant', content: content === null ? null : '', refusal: null });
  for (let step = 0; step < steps; step++)
    for (const [index, said] of spoken.entries()) {
      const next = said[step];
      if (next) say(step, index, next.delta, next.logprobs && { logprobs: next.logprobs });
    }
  for (const [index, { finishReason }] of answer.choices.entries())
    say(last, index, {}, { finish_reason: finishReason });
  if (moderation) sayApart(last, { moderation: chatModeration(moderation) });
  if (countsUsage && answer.usage) sayApart(last, { usage: wireUsage(answer.usage) });
  return [...events, { step: last, data: '[DONE]' }];
}

function envelope(answer: ResolvedAnswer, object: string): object {
  return {
    id: `chatcmpl-${answer.number}`,
    object,
    created: CREATED,
    model: answer.model,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function message({ content, refusal, reasoning, toolCalls }: ResolvedChoice): object {
  return {
    role: 'assistant',
    content,
    refusal,
    annotations: [],
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  };
}

function filtered(choice: ResolvedChoice | undefined): object {
  return choice?.contentFilterResults ? { content_filter_results: choice.contentFilterResults } : {};
}

interface Delta {
  readonly delta: object;
  readonly logprobs?: object;
}

function deltas(choice: ResolvedChoice, withLogprobs: boolean): readonly Delta[] {
  return [
    ...cutIntoWords(choice.reasoning ?? '').map((piece) => ({ delta: { reasoning_content: piece } })),
    ...choice.pieces.map((piece) => ({
      delta: { content: piece },
      ...(withLogprobs && { logprobs: logprobs([piece]) }),
    })),
    ...cutIntoWords(choice.refusal ?? '').map((piece) => ({ delta: { refusal: piece } })),
    ...choice.toolCalls.flatMap((call, index) => [
      {
        delta: { tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] },
      },
      ...cutEvery(8, call.arguments).map((piece) => ({
        delta: { tool_calls: [{ index, function: { arguments: piece } }] },
      })),
    ]),
  ];
}

function logprobs(pieces: readonly string[]): object {
  return { content: tokenLogprobs(pieces), refusal: null };
}

/** What was used, as completions word it. */
export function wireUsage({ inputTokens, outputTokens }: Usage): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
