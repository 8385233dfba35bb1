import { failed, type Report } from '@chaperone/core';
import * as z from 'zod/mini';

/** The policies of a guardrail: its six content filters as Bedrock names them, and what the others are about. */
export const BEDROCK_CATEGORIES = [
  'HATE',
  'INSULTS',
  'SEXUAL',
  'VIOLENCE',
  'MISCONDUCT',
  'PROMPT_ATTACK',
  'TOPIC',
  'WORD',
  'PII',
  'GROUNDING',
] as const;

export type BedrockCategory = (typeof BEDROCK_CATEGORIES)[number];

const BLOCKED = 'BLOCKED';
/** A filter is sure in steps. */
const CONFIDENCE: { readonly [step: string]: number } = { NONE: 0, LOW: 1 / 3, MEDIUM: 2 / 3, HIGH: 1 };

const hits = z.nullish(z.array(z.looseObject({ action: z.nullish(z.string()) })));

/** What `ApplyGuardrail` answers, as far as it is read. */
const answerSchema = z.object({
  action: z.enum(['NONE', 'GUARDRAIL_INTERVENED']),
  actionReason: z.nullish(z.string()),
  guardrailCoverage: z.nullish(
    z.object({ textCharacters: z.nullish(z.object({ guarded: z.nullish(z.number()), total: z.nullish(z.number()) })) }),
  ),
  outputs: z.nullish(z.array(z.object({ text: z.nullish(z.string()) }))),
  assessments: z.array(
    z.looseObject({
      contentPolicy: z.nullish(
        z.object({
          filters: z.array(
            z.object({
              type: z.string(),
              confidence: z.nullish(z.string()),
              action: z.nullish(z.string()),
              detected: z.nullish(z.boolean()),
            }),
          ),
        }),
      ),
      topicPolicy: z.nullish(z.object({ topics: hits })),
      wordPolicy: z.nullish(z.object({ customWords: hits, managedWordLists: hits })),
      sensitiveInformationPolicy: z.nullish(z.object({ piiEntities: hits, regexes: hits })),
      contextualGroundingPolicy: z.nullish(z.object({ filters: hits })),
    }),
  ),
});

type Assessment = z.infer<typeof answerSchema>['assessments'][number];
type Hits = z.infer<typeof hits>;

export function readAnswer(body: unknown): Report {
  const answer = answerSchema.safeParse(body);
  if (!answer.success) return failed('malformed', { detail: 'The answer is not one of ApplyGuardrail.' });
  const { action, actionReason, assessments, outputs, guardrailCoverage: coverage } = answer.data;
  const scores = new Map<string, number>();
  const flagged = new Set<string>();
  let hasMasked = false;
  const note = (category: string, score: number, isBlocked: boolean): void => {
    scores.set(category, Math.max(score, scores.get(category) ?? 0));
    if (isBlocked) flagged.add(category);
  };
  for (const assessment of assessments) {
    for (const { type, confidence, action: done, detected } of assessment.contentPolicy?.filters ?? [])
      note(type, CONFIDENCE[confidence ?? ''] ?? (done === BLOCKED || detected ? 1 : 0), done === BLOCKED);
    for (const [category, found] of hitsOf(assessment))
      for (const { action: done } of found ?? []) {
        hasMasked ||= done === 'ANONYMIZED';
        note(category, done === BLOCKED ? 1 : 0.5, done === BLOCKED);
      }
  }
  // Masking alone is an intervention too, and no block. One that nothing here explains is a flag without a category.
  const hasIntervened = action === 'GUARDRAIL_INTERVENED' && (!hasMasked || /block/i.test(actionReason ?? ''));
  const isFlagged = flagged.size > 0 || hasIntervened || assessments.some(hasBlockedUnknown);
  const { guarded, total } = coverage?.textCharacters ?? {};
  if (!isFlagged && (guarded ?? 0) < (total ?? 0))
    return failed('refused', { detail: 'The guardrail has looked at a part of the text only.' });
  const message = isFlagged ? outputs?.[0]?.text : undefined;
  return {
    status: isFlagged ? 'flagged' : 'clear',
    flagged: [...flagged],
    scores: Object.fromEntries(scores),
    ...(typeof message === 'string' && message !== '' && { message }),
  };
}

const KNOWN: ReadonlySet<string> = new Set([
  'contentPolicy',
  'topicPolicy',
  'wordPolicy',
  'sensitiveInformationPolicy',
  'contextualGroundingPolicy',
]);

/** Whether a policy that is not known here says that it has blocked. */
function hasBlockedUnknown(assessment: Assessment): boolean {
  const left: unknown[] = Object.entries(assessment).flatMap(([policy, said]) => (KNOWN.has(policy) ? [] : [said]));
  for (let value = left.pop(); value !== undefined || left.length > 0; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      if (name === 'action' && member === BLOCKED) return true;
      left.push(member);
    }
  }
  return false;
}

function hitsOf(assessment: Assessment): readonly (readonly [BedrockCategory, Hits])[] {
  const { topicPolicy, wordPolicy, sensitiveInformationPolicy: pii, contextualGroundingPolicy } = assessment;
  return [
    ['TOPIC', topicPolicy?.topics],
    ['WORD', wordPolicy?.customWords],
    ['WORD', wordPolicy?.managedWordLists],
    ['PII', pii?.piiEntities],
    ['PII', pii?.regexes],
    ['GROUNDING', contextualGroundingPolicy?.filters],
  ];
}
