import { failed, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { IMAGE_CATEGORIES } from './categories.ts';

/** What `POST /moderations` answers, after OpenAI's API reference; categories are open, since models add some. */
const answerSchema = z.object({
  id: z.optional(z.string()),
  model: z.optional(z.string()),
  results: z.array(
    z.object({
      flagged: z.boolean(),
      categories: z.record(z.string(), z.nullable(z.boolean())),
      category_scores: z.record(z.string(), z.nullable(z.number().check(z.minimum(0), z.maximum(1)))),
      category_applied_input_types: z.nullish(z.record(z.string(), z.nullable(z.array(z.enum(['text', 'image']))))),
    }),
  ),
});

type Judged = Exclude<Report, { readonly status: 'failed' | 'unsupported' }>;
type Result = z.infer<typeof answerSchema>['results'][number];

/**
 * One report per item; all of them `malformed` when the body is not an answer about exactly so many items.
 *
 * @param isImageOnly - What was asked about was an image without text.
 */
export function readAnswer(body: unknown, items: number, isImageOnly = false): readonly Report[] {
  const answer = answerSchema.safeParse(body);
  if (!answer.success) return repeat(items, 'The answer is not one of the moderation endpoint.');
  const { id, model, results } = answer.data;
  if (results.length !== items) return repeat(items, `The answer has ${results.length} results for ${items} items.`);
  const origin = { ...(id !== undefined && { responseId: id }), ...(model !== undefined && { model }) };
  return results.map((result) => ({ ...readResult(result, isImageOnly), ...origin }));
}

function readResult(result: Result, isImageOnly: boolean): Judged {
  const flagged = Object.keys(result.categories).filter((category) => result.categories[category] === true);
  const appliedTo = withoutNull(result.category_applied_input_types ?? {});
  const isEvaluated = (category: string): boolean => {
    const parts = Object.hasOwn(appliedTo, category) ? appliedTo[category] : undefined;
    if (parts) return parts.length > 0;
    return !isImageOnly || IMAGE_CATEGORIES.some((name) => name === category);
  };
  // A category that was not evaluated has the score 0, which is no evidence of anything; `null` says the same.
  const scores = Object.entries(withoutNull(result.category_scores)).filter(([category]) => isEvaluated(category));
  const applied = Object.entries(appliedTo).filter(([, parts]) => parts.length > 0);
  return {
    status: result.flagged || flagged.length > 0 ? 'flagged' : 'clear',
    flagged,
    scores: Object.fromEntries(scores),
    ...(applied.length > 0 && { appliedTo: Object.fromEntries(applied) }),
  };
}

function withoutNull<V>(record: { readonly [key: string]: V | null }): { [key: string]: V } {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, V] => entry[1] !== null));
}

function repeat(items: number, detail: string): readonly Report[] {
  return Array.from({ length: items }, () => failed('malformed', { detail }));
}
