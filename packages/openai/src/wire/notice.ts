import type { Refusal } from '@chaperone/core';
import { isRecord, type JsonObject } from './json.ts';

/** What is told about a refusal, for programs: no content, no score. */
export function notice({ decision, stage }: Refusal): JsonObject {
  return { decision: decision.id, stage, action: decision.action };
}

/** Whether a field is such a notice, and nothing that anybody could read. */
export function isNotice(key: string, value: unknown): boolean {
  return key === 'chaperone' && isRecord(value) && Object.values(value).every(isWord);
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}
