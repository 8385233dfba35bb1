import { clear, failed, flag, type Report } from '@chaperone/core';
import * as z from 'zod/mini';

/** The four harms of Azure AI Content Safety, as it names them. */
export const AZURE_HARMS = ['Hate', 'SelfHarm', 'Sexual', 'Violence'] as const;

/** A harm, or a match of one of the account's own blocklists. */
export type AzureCategory = (typeof AZURE_HARMS)[number] | 'Blocklist';

export const AZURE_CATEGORIES: readonly AzureCategory[] = [...AZURE_HARMS, 'Blocklist'];

/** The severest: a severity is a place in an order from 0. */
const SEVEREST = 7;

/** The raw severity, 0 to 7, that a score of `azureContentSafety` was made of. */
export function azureSeverity(score: number): number {
  return Math.round(score * SEVEREST);
}

/** What `text:analyze` and `image:analyze` answer. A severity may be missing: then nobody evaluated it. */
const answerSchema = z.object({
  blocklistsMatch: z.nullish(z.array(z.looseObject({}))),
  categoriesAnalysis: z.array(
    z.object({
      category: z.string(),
      severity: z.nullish(z.number().check(z.int(), z.minimum(0), z.maximum(SEVEREST))),
    }),
  ),
});

type Analysis = z.infer<typeof answerSchema>['categoriesAnalysis'];

/** What a harm came to, where it may be named more than once. */
function severest(analysis: Analysis, harm: string): number | undefined {
  return analysis
    .flatMap(({ category, severity }) => (category === harm && typeof severity === 'number' ? [severity] : []))
    .toSorted((one, other) => other - one)[0];
}

/** @param flagFrom - The severity from which on a harm is flagged. */
export function readAnswer(body: unknown, flagFrom: number): Report<AzureCategory> {
  const answer = answerSchema.safeParse(body);
  const { categoriesAnalysis: analysis = [], blocklistsMatch: matches } = answer.data ?? {};
  const severities = AZURE_HARMS.map((harm) => [harm, severest(analysis, harm)] as const);
  // A harm that was asked about and not answered is no clear one.
  if (!answer.success || severities.some(([, severity]) => severity === undefined))
    return failed('malformed', { detail: 'The answer does not give a severity to each harm.' });
  const scores: { [K in AzureCategory]?: number } = {};
  const flagged: AzureCategory[] = [];
  for (const [harm, severity] of severities) {
    if (severity === undefined) continue;
    scores[harm] = severity / SEVEREST;
    if (severity >= flagFrom) flagged.push(harm);
  }
  if (matches && matches.length > 0) {
    scores.Blocklist = 1;
    flagged.push('Blocklist');
  }
  return flagged.length > 0 ? flag(flagged, scores) : clear(scores);
}
