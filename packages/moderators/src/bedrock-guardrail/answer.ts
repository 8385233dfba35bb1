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
  outputs: z.nullish(z.array(z.object({ text: z.nullish(z.string()) }))),
  assessments: z.array(
    z.object({
      contentPolicy: z.nullish(
        z.object({
          filters: z.array(
            z.object({ type: z.string(), confidence: z.nullish(z.string()), action: z.nullish(z.string()) }),
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
  const { action, assessments, outputs } = answer.data;
  const scores = new Map<string, number>();
  const flagged = new Set<string>();
  let hasMasked = false;
  const note = (category: string, score: number, isBlocked: boolean): void => {
    scores.set(category, Math.max(score, scores.get(category) ?? 0));
    if (isBlocked) flagged.add(category);
  };
  for (const assessment of assessments) {
    for (const { type, confidence, action: done } of assessment.contentPolicy?.filters ?? [])
      note(type, CONFIDENCE[confidence ?? ''] ?? (done === BLOCKED ? 1 : 0), done === BLOCKED);
    for (const [category, found] of hitsOf(assessment))
      for (const { action: done } of found ?? []) {
        hasMasked ||= done === 'ANONYMIZED';
        note(category, done === BLOCKED ? 1 : 0.5, done === BLOCKED);
      }
  }
  // Masking alone is an intervention too, and no block. One that nothing here explains is a flag without a category.
  const isFlagged = flagged.size > 0 || (action === 'GUARDRAIL_INTERVENED' && !hasMasked);
  const message = isFlagged ? outputs?.[0]?.text : undefined;
  return {
    status: isFlagged ? 'flagged' : 'clear',
    flagged: [...flagged],
    scores: Object.fromEntries(scores),
    ...(typeof message === 'string' && message !== '' && { message }),
  };
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
