import type { Usage } from '@chaperone/core';
import { countAt, isRecord, type JsonObject } from '../wire/json.ts';

/** The tokens that a completion or a chunk reports. */
export function readUsage(body: JsonObject): Usage | undefined {
  const inputTokens = countAt(body['usage'], 'prompt_tokens');
  const outputTokens = countAt(body['usage'], 'completion_tokens');
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}

/** The body with other attempts' tokens added to its own; one that reports none stays as it is. */
export function withAddedUsage<Body>(body: Body, more: Usage): Body {
  const own = isRecord(body) ? readUsage(body) : undefined;
  if (!isRecord(body) || own === undefined) return body;
  const sum = writeUsage({
    inputTokens: own.inputTokens + more.inputTokens,
    outputTokens: own.outputTokens + more.outputTokens,
  });
  return { ...body, usage: { ...(isRecord(body['usage']) ? body['usage'] : {}), ...sum } };
}

/** Tokens in the protocol's words. */
export function writeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** The `usage` of an answer that a guard writes: nothing where nobody knows, zeros where nothing was generated. */
export function usageField(usage: Usage | 'unknown' | undefined): JsonObject {
  return usage === 'unknown' ? {} : { usage: writeUsage(usage ?? { inputTokens: 0, outputTokens: 0 }) };
}
