import type { Refusal, Usage } from '@chaperone/core';
import type { TokenUsage } from '../sdk.ts';
import { at, countAt } from '../value.ts';

/** The tokens that a reply reports. */
export function readUsage(usage: unknown): Usage | undefined {
  const inputTokens = countAt(at(usage, 'inputTokens'), 'total');
  const outputTokens = countAt(at(usage, 'outputTokens'), 'total');
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}

/** What a reply used and what other attempts used; one that reports nothing stays as it is. */
export function withAddedUsage(usage: TokenUsage, more: Usage): TokenUsage {
  const own = readUsage(usage);
  if (own === undefined) return usage;
  return withTotals(usage, {
    inputTokens: own.inputTokens + more.inputTokens,
    outputTokens: own.outputTokens + more.outputTokens,
  });
}

/**
 * The usage of an answer that a guard writes: what all attempts used, nothing where nobody knows, zeros where nothing was
 * generated.
 * @param reported what the refused reply said of itself
 */
export function usageOfRefusal({ usage = NOTHING }: Refusal, reported: TokenUsage = UNKNOWN): TokenUsage {
  return usage === 'unknown' ? UNKNOWN : withTotals(reported, usage);
}

const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };

/** The usage of a reply that does not say what it used. */
export const UNKNOWN: TokenUsage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

function withTotals(usage: TokenUsage, { inputTokens, outputTokens }: Usage): TokenUsage {
  return {
    ...usage,
    inputTokens: { ...usage.inputTokens, total: inputTokens },
    outputTokens: { ...usage.outputTokens, total: outputTokens },
  };
}
