import type { Decision, Stage } from '@chaperone/core';
import type { Result } from './run.ts';

/** What can become of a line at a stage: exactly one of these. */
export const COLUMNS = ['passed', 'flagged', 'blocked', 'retried', 'unchecked', 'not reached'] as const;

export type Column = (typeof COLUMNS)[number];

export const STAGES: readonly Stage[] = ['input', 'output'];

/** A clear block comes first; then nothing in which something is unchecked counts as anything better. */
export function columnOf(result: Result, stage: Stage): Column {
  const decision = result[stage];
  if (decision === undefined) return 'not reached';
  if (decision.findings.some(({ action }) => action === 'block')) return 'blocked';
  if (decision.unchecked.length > 0) return 'unchecked';
  if (stage === 'output' && result.discarded.length > 0) return 'retried';
  return decision.action === 'allow' ? 'passed' : 'flagged';
}

/** The decisions that put a line where it is: for a retried one those that had it generated again. */
export function reasonsFor(result: Result, stage: Stage): readonly Decision[] {
  if (columnOf(result, stage) === 'retried') return result.discarded;
  const decision = result[stage];
  return decision ? [decision] : [];
}
