import type { Decision } from '@chaperone/core';
import type { JsonObject } from '../value.ts';

/** What is told about a decision, for programs: no content, no score. */
export function noticeOf({ id, stage, action }: Decision): JsonObject {
  return { decision: id, stage, action };
}
