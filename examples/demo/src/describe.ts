import type { Decision, Events, Finding, Unchecked } from '@chaperone/core';

/** A decision as rows: what it is, then each finding, and what could not be checked or was left out. */
export function describeDecision(decision: Decision): readonly string[] {
  const { stage, action, findings, unchecked, omitted } = decision;
  return [
    `${stage.padEnd(7)}${action.toUpperCase()}${findings.length === 0 ? `  (${describeJudges(decision)})` : ''}`,
    ...findings.map((finding) => `  ${describeFinding(finding)}, at ${finding.path}`),
    ...unchecked.map((each) => `  unchecked: ${describeUnchecked(decision, each)}, at ${each.path}`),
    ...omitted.map(({ path }) => `  omitted: ${path}`),
  ];
}

/** Who looked and found nothing: of a decision without findings. */
function describeJudges({ verdicts }: Decision): string {
  const judges = new Set(verdicts.filter(({ status }) => status === 'clear').map(({ moderator }) => moderator));
  return judges.size === 0 ? 'nobody could judge' : `no findings by ${[...judges].join(', ')}`;
}

/** Such as `unsupported (language) by embedded`. */
export function describeUnchecked({ verdicts }: Decision, { reason, moderator, path }: Unchecked): string {
  if (moderator === undefined) return `${reason}, covered by no moderator`;
  const said = verdicts.find((verdict) => verdict.path === path && verdict.moderator === moderator);
  const why = said !== undefined && 'reason' in said && said.reason !== reason ? ` (${said.reason})` : '';
  return `${reason}${why} by ${moderator}`;
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
