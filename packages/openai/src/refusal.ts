import type { Refusal } from '@chaperone/core';
import { type JsonObject, textAt } from './json.ts';
import { type ChatRequest, wantsStructure } from './request.ts';

/** What is told about a refusal, for programs: no content, no score. */
export function notice({ decision, stage }: Refusal): JsonObject {
  return { decision: decision.id, stage, action: decision.action };
}

/** What the assistant says instead. In structured output it is a refusal: its content would not parse. */
export function refusedMessage(request: ChatRequest, refusal: Refusal): JsonObject {
  return wantsStructure(request)
    ? { role: 'assistant', content: null, refusal: refusal.message }
    : { role: 'assistant', content: refusal.message, refusal: null };
}

/** The head of an answer that has none from upstream. */
export function newHead({ body }: ChatRequest, object: string): JsonObject {
  return {
    id: `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`,
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
