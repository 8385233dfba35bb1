import type { Refusal } from '@chaperone/core';
import { isOpaque } from '../wire/content.ts';
import { isRecord, type JsonObject } from '../wire/json.ts';
import { notice } from '../wire/notice.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { wantsStructure } from './request.ts';
import { usageField } from './usage.ts';

/** What a response repeats of its request, and what it says of itself before there is any output. */
export const OF_THE_REQUEST: readonly string[] = [
  'background',
  'conversation',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'model',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
];

/** Everything of a response but what it says. Of upstream's nothing else is kept: what is refused may be quoted anywhere. */
export function headOf({ body }: OpenAIRequest, response?: unknown): JsonObject {
  const given = isRecord(response) ? response : {};
  const head: Record<string, unknown> = {
    // Also a long one: what has left of a stream has it already.
    id: typeof given['id'] === 'string' && isOpaque(given['id']) ? given['id'] : `resp_${newId()}`,
    object: 'response',
    created_at: typeof given['created_at'] === 'number' ? given['created_at'] : Math.floor(Date.now() / 1000),
    instructions: null,
    metadata: {},
    model: '',
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
  };
  for (const key of OF_THE_REQUEST) {
    const value = body[key] ?? (isPlain(given[key]) ? given[key] : undefined);
    if (value !== undefined) head[key] = value;
  }
  return head;
}

/** It can quote nothing. */
function isPlain(value: unknown): boolean {
  return typeof value === 'string' ? /^[\w.:/-]{0,64}$/.test(value) : ['number', 'boolean'].includes(typeof value);
}

/** The item that says the message of a refusal. Structured output gets none of it: it would not parse. */
export function refusalItem(request: OpenAIRequest, { message }: Refusal, id: string): JsonObject {
  return {
    id,
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [refusalPart(request, message)],
  };
}

/** What a refusing item holds; with no message, as it is when it begins. */
export function refusalPart(request: OpenAIRequest, message: string): JsonObject {
  return wantsStructure(request)
    ? { type: 'refusal', refusal: message }
    : { type: 'output_text', text: message, annotations: [], logprobs: [] };
}

/** A response that ends in a refusal. */
export function refusedResponse(refusal: Refusal, head: JsonObject, output: readonly unknown[]): JsonObject {
  return {
    ...head,
    status: 'incomplete',
    error: null,
    incomplete_details: { reason: 'content_filter' },
    output,
    ...usageField(refusal.usage),
    chaperone: notice(refusal),
  };
}

export function newId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}
