import type { Refusal } from '@chaperone/core';
import type { JsonObject } from './json.ts';

/** What is told about a refusal, for programs: no content, no score. */
export function notice({ decision, stage }: Refusal): JsonObject {
  return { decision: decision.id, stage, action: decision.action };
}
