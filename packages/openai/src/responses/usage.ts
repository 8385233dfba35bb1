import type { Usage } from '@chaperone/core';
import { countAt, isRecord, type JsonObject } from '../wire/json.ts';

/** The tokens that a response reports. */
export function readUsage(response: JsonObject): Usage | undefined {
  const inputTokens = countAt(response['usage'], 'input_tokens');
  const outputTokens = countAt(response['usage'], 'output_tokens');
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}

/** The response with other attempts' tokens added to its own; one that reports none stays as it is. */
export function withAddedUsage<Body>(response: Body, more: Usage): Body {
  const own = isRecord(response) ? readUsage(response) : undefined;
  if (!isRecord(response) || own === undefined) return response;
  const sum = writeUsage({
    inputTokens: own.inputTokens + more.inputTokens,
    outputTokens: own.outputTokens + more.outputTokens,
  });
  return { ...response, usage: { ...(isRecord(response['usage']) ? response['usage'] : {}), ...sum } };
}

/** The `usage` of a response that a guard writes: none where nobody knows, zeros where nothing was generated. */
export function usageField(usage: Usage | 'unknown' | undefined): JsonObject {
  if (usage === 'unknown') return { usage: null };
  return {
    usage: {
      ...writeUsage(usage ?? { inputTokens: 0, outputTokens: 0 }),
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  };
}

function writeUsage({ inputTokens, outputTokens }: Usage): JsonObject {
  return { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}
