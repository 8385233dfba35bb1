import type { Refusal } from '@chaperone/core';

/** A refusal, as core would hand it to an adapter. */
export function refusalOf(more: Partial<Refusal> = {}): Refusal {
  const stage = more.stage ?? 'output';
  return {
    stage,
    decision: {
      id: 'dec_1',
      stage,
      action: 'block',
      findings: [],
      unchecked: [],
      omitted: [],
      verdicts: [],
      message: 'No, sorry.',
      policyVersion: '1',
    },
    message: 'No, sorry.',
    cause: 'flagged',
    paths: [],
    usage: undefined,
    ...more,
  };
}
