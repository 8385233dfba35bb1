import type { Refusal } from '@chaperone/core';
import { type JsonObject, textAt } from '../wire/json.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { wantsStructure } from './request.ts';

/** What the assistant says instead. In structured output it is a refusal: its content would not parse. */
export function refusedMessage(request: OpenAIRequest, refusal: Refusal): JsonObject {
  return wantsStructure(request)
    ? { role: 'assistant', content: null, refusal: refusal.message }
    : { role: 'assistant', content: refusal.message, refusal: null };
}

/** The head of an answer that has none from upstream. */
export function newHead({ body }: OpenAIRequest, id: string, object: string): JsonObject {
  return {
    id: `${id}${crypto.randomUUID().replaceAll('-', '')}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: textAt(body, 'model') ?? '',
  };
}

/** The head of upstream's answer. Nothing else of it is kept: what is refused may be quoted anywhere. */
export function headOf(answer: JsonObject): JsonObject {
  const head: Record<string, unknown> = {};
  for (const key of ['id', 'object', 'created', 'model', 'service_tier', 'system_fingerprint'])
    if (answer[key] !== undefined) head[key] = answer[key];
  return head;
}
