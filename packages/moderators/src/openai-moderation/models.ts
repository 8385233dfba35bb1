import { ConfigurationError } from '@chaperone/core';

/**
 * OpenAI's moderation models: the second is the one that the first stood for in 2026. A dated one keeps its scores, the
 * other is recalibrated from time to time.
 */
export type OpenAIModerationModel = 'omni-moderation-latest' | 'omni-moderation-2024-09-26';

export const DEFAULT_MODEL: OpenAIModerationModel = 'omni-moderation-latest';

/** The family that OpenAI took down in 2025. Gateways may still serve it. */
const RETIRED = /^text-moderation-/;

/** Whether a model judges texts alone. */
export function isTextModel(model: string): boolean {
  return RETIRED.test(model);
}

/** @throws ConfigurationError where every request would fail: OpenAI itself has these models no longer. */
export function refuseRetired(model: string, isOpenAI: boolean): void {
  if (isOpenAI && RETIRED.test(model))
    throw new ConfigurationError(
      'openaiModeration.model',
      `names ${model}, which OpenAI retired in 2025: use ${DEFAULT_MODEL}, or the baseURL of a gateway that still has it`,
    );
}
