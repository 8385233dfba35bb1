import type { Decision, Events, Finding } from '@chaperone/core';

/** A decision as rows: what it is, then each finding, and what could not be checked or was left out. */
export function describeDecision(decision: Decision): readonly string[] {
  const { stage, action, findings, unchecked, omitted } = decision;
  return [
    `${stage.padEnd(7)}${action.toUpperCase()}${findings.length === 0 ? '  (no findings)' : ''}`,
    ...findings.map((finding) => `  ${describeFinding(finding)}, at ${finding.path}`),
    ...unchecked.map(
      ({ reason, moderator, path }) => `  unchecked: ${reason}${moderator ? ` by ${moderator}` : ''}, at ${path}`,
    ),
    ...omitted.map(({ path }) => `  omitted: ${path}`),
  ];
}

/** Such as `violence 0.90 ≥ 0.8 → block, by openai-moderation`. */
export function describeFinding({ category, score, threshold, action, moderator }: Finding): string {
  const flagged = threshold === 'flag' || threshold === undefined;
  const met = flagged ? ' flagged' : ` ≥ ${threshold}`;
  return `${category}${score === undefined ? '' : ` ${score.toFixed(2)}`}${met} → ${action}, by ${moderator}`;
}

/** An event in a line: its name and what is particular about it. */
export const describeEvent: { readonly [E in keyof Events]: (event: Events[E]) => string } = {
  flagged: ({ decision, source }) =>
    `${decision.stage}, ${decision.action}${source === 'guard' ? '' : ` by ${source}`}`,
  retried: ({ attempt }) => `generation ${attempt} was discarded, the next one begins`,
  settled: ({ delivery, attempts }) => `${delivery}, ${count(attempts, 'generation')}`,
  'moderator-failed': ({ moderator, stage, reason, detail }) =>
    `${moderator} at ${stage}, ${reason}${detail === undefined ? '' : `: ${detail}`}`,
  breaker: ({ moderator, state }) => `${moderator}: ${state}`,
  'model-changed': ({ moderator, from, to }) => `${moderator}: from ${from} to ${to}`,
  shadowed: ({ shadow, decision }) => `${decision.stage}, ${shadow.action} instead of ${decision.action}`,
};

export function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
