import type { Stage } from '../moderation/moderator.ts';
import { flaggedBy, isJudged, type Judged, type PlacedVerdict, type Span } from '../moderation/verdict.ts';
import { memberOf } from '../look-up.ts';
import type { CompiledPolicy } from './compile.ts';
import { strictest, type Action, type Finding, type Unchecked } from './decision.ts';
import { tierFor } from './strictness.ts';

/** What happens to what could not be checked, by reason, every default filled in. */
export type UncheckedPolicy = { readonly [R in Unchecked['reason']]: 'block' | 'allow' };

/** What the policy makes of what all moderators say of one segment. */
export interface Weighed {
  readonly path: string;
  readonly action: Action;
  readonly findings: readonly Finding[];
  readonly unchecked: readonly Unchecked[];
  readonly verdicts: readonly PlacedVerdict[];
}

/** The verdicts on one segment, and what is in force: the policy's actions, and those for what could not be checked. */
export function weigh(
  path: string,
  stage: Stage,
  verdicts: readonly PlacedVerdict[],
  policy: CompiledPolicy,
  uncheckedPolicy: UncheckedPolicy,
): Weighed {
  const findings = verdicts.flatMap((verdict) => (isJudged(verdict) ? findingsOf(verdict, stage, policy) : []));
  return sumUp({ path, findings, unchecked: verdicts.flatMap(uncheckedOf), verdicts }, uncheckedPolicy);
}

/** What is known of one segment; what is absent is nothing. */
export type Known = Pick<Weighed, 'path'> & Partial<Weighed>;

/** What is known of one segment, with the action that it comes to. */
export function sumUp(
  { path, findings = [], unchecked = [], verdicts = [] }: Known,
  uncheckedPolicy: UncheckedPolicy,
): Weighed {
  const action = strictest([
    ...findings.map((finding) => finding.action),
    ...unchecked.map(({ reason }) => uncheckedPolicy[reason]),
  ]);
  return { path, action, findings, unchecked, verdicts };
}

function uncheckedOf(verdict: PlacedVerdict): readonly Unchecked[] {
  const { path, moderator } = verdict;
  if (verdict.status === 'failed') return [{ path, reason: 'failed', moderator }];
  if (verdict.status === 'unsupported')
    return [{ path, reason: verdict.reason === 'too-large' ? 'too-large' : 'unsupported', moderator }];
  return [];
}

function findingsOf(
  verdict: Judged & { readonly path: string },
  stage: Stage,
  policy: CompiledPolicy,
): readonly Finding[] {
  const flagged = new Set(flaggedBy(verdict));
  const findings: Finding[] = [];
  for (const category of new Set([...flagged, ...Object.keys(verdict.scores)])) {
    const finding = findingOf(verdict, category, flagged.has(category), stage, policy);
    if (finding) findings.push(finding);
  }
  return findings;
}

function findingOf(
  verdict: Judged & { readonly path: string },
  category: string,
  isFlagged: boolean,
  stage: Stage,
  policy: CompiledPolicy,
): Finding | undefined {
  const reported = memberOf<number | undefined>(verdict.scores, category);
  const { tiers, named } = policy.ruleFor(stage, verdict.moderator, category);
  const met = tierFor(tiers, reported, isFlagged);
  if (!met && !isFlagged) return undefined;
  const span = memberOf<Span | undefined>(verdict.spans, category);
  return {
    category: named,
    ...(reported !== undefined && { score: reported }),
    ...(met && { threshold: met[1] }),
    action: met ? met[0] : 'allow',
    moderator: verdict.moderator,
    path: verdict.path,
    ...(span && { span }),
  };
}
