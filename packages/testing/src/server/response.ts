import type { Usage } from '@chaperone/core';
import type { ResolvedAnswer } from './answer.ts';
import { CREATED, type StreamEvent } from './completion.ts';
import { responseModeration, type InlineModeration } from './inline-moderation.ts';
import { isCut, outputItems, type OutputItem } from './output-item.ts';
import type { ResponsesRequest } from './wire.ts';

/** A response as it comes at once. */
export function response(answer: ResolvedAnswer, request: ResponsesRequest, moderation?: InlineModeration): object {
  const output = itemsOf(answer, request).map(({ done }) => done);
  return {
    ...begun(answer, request),
    ...ending(answer),
    output,
    ...(moderation && { moderation: responseModeration(moderation) }),
  };
}

/** The same response as it comes piece by piece: its items one after the other. */
export function responseEvents(
  answer: ResolvedAnswer,
  request: ResponsesRequest,
  moderation?: InlineModeration,
): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  let tokens = 0;
  const say = (type: string, fields: object): void => {
    const data = { type, sequence_number: events.length, ...fields };
    events.push({ name: type, step: Math.max(0, tokens - 1), data });
  };
  const start = begun(answer, request);
  say('response.created', { response: start });
  say('response.in_progress', { response: start });
  for (const [index, item] of itemsOf(answer, request).entries()) {
    const at = { output_index: index };
    say('response.output_item.added', { ...at, item: item.added });
    for (const { type, fields, isToken } of item.events) {
      if (isToken) tokens += 1;
      say(type, { ...at, ...fields });
    }
    say('response.output_item.done', { ...at, item: item.done });
  }
  const whole = response(answer, request, moderation);
  say(answer.choices.some(isCut) ? 'response.incomplete' : 'response.completed', { response: whole });
  return events;
}

function itemsOf(answer: ResolvedAnswer, { include }: ResponsesRequest): readonly OutputItem[] {
  const withLogprobs = include?.includes('message.output_text.logprobs') === true;
  return answer.choices.flatMap((choice, index) => outputItems(choice, `${answer.number}_${index}`, withLogprobs));
}

/** A response of which nothing has been said; most of it is what the request said. */
function begun({ number, model }: ResolvedAnswer, request: ResponsesRequest): object {
  return {
    id: `resp_${number}`,
    object: 'response',
    created_at: CREATED,
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    max_tool_calls: request['max_tool_calls'] ?? null,
    model,
    output: [],
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    previous_response_id: request['previous_response_id'] ?? null,
    prompt_cache_key: request['prompt_cache_key'] ?? null,
    reasoning: request['reasoning'] ?? { effort: null, summary: null },
    safety_identifier: request['safety_identifier'] ?? null,
    service_tier: 'default',
    store: request['store'] ?? true,
    temperature: request['temperature'] ?? 1,
    text: request['text'] ?? { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: request['tools'] ?? [],
    top_logprobs: request['top_logprobs'] ?? 0,
    top_p: request['top_p'] ?? 1,
    truncation: request['truncation'] ?? 'disabled',
    usage: null,
    user: request['user'] ?? null,
    metadata: request['metadata'] ?? {},
  };
}

function ending({ choices, usage }: ResolvedAnswer): object {
  const cut = choices.find(isCut);
  return {
    ...(cut
      ? {
          status: 'incomplete',
          incomplete_details: { reason: cut.finishReason === 'length' ? 'max_output_tokens' : cut.finishReason },
        }
      : { status: 'completed', completed_at: CREATED }),
    usage: usage ? wireUsage(usage) : null,
  };
}

function wireUsage({ inputTokens, outputTokens }: Usage): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
