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

type Result = z.infer<typeof answerSchema>['results'][number];

/** What was asked about: of an image that came with a text, both. */
export type Part = 'text' | 'image';

/**
 * One report per item; all of them `malformed` when the body is not an answer about exactly so many items. So is the
 * report of an item that is said to be clear where nobody looked: an image needs a category that was judged on the image.
 */
export function readAnswer(
  body: unknown,
  items: number,
  asked: readonly [Part, ...Part[]] = ['text'],
): readonly Report[] {
  const answer = answerSchema.safeParse(body);
  if (!answer.success) return repeat(items, 'The answer is not one of the moderation endpoint.');
  const { id, model, results } = answer.data;
  if (results.length !== items) return repeat(items, `The answer has ${results.length} results for ${items} items.`);
  const origin = { ...(id !== undefined && { responseId: id }), ...(model !== undefined && { model }) };
  return results.map((result) => readResult(result, asked, origin));
}

function readResult(
  result: Result,
  asked: readonly [Part, ...Part[]],
  origin: { readonly responseId?: string; readonly model?: string },
): Report {
  const said = withoutNull(result.categories);
  const scored = withoutNull(result.category_scores);
  const applied = Object.entries(withoutNull(result.category_applied_input_types ?? {}))
    .map(([category, parts]) => [category, parts.filter((part) => asked.includes(part))] as const)
    .filter(([, parts]) => parts.length > 0);
  const parts = new Map(applied);
  const known = new Set(Object.keys(withoutNull(result.category_applied_input_types ?? {})));
  const isOf = (category: string, part: Part): boolean => {
    if (known.has(category)) return parts.get(category)?.includes(part) ?? false;
    return part === 'text' || IMAGE_CATEGORIES.some((name) => name === category);
  };
  const flagged = Object.keys(said).filter((category) => said[category]);
  const isFlagged = result.flagged || flagged.length > 0;
  // What an image was judged with says nothing of the image itself.
  const decisive = asked.includes('image') ? 'image' : 'text';
  const answered = decisive === 'image' ? Object.keys(scored) : [...Object.keys(scored), ...Object.keys(said)];
  const hasLooked = answered.some((category) =>
    decisive === 'image' && known.size > 0 ? parts.get(category)?.includes('image') : isOf(category, decisive),
  );
  if (!isFlagged && !hasLooked)
    return failed('malformed', { detail: `The answer has no category that was judged on the ${decisive}.` });
  // A category that was not evaluated has the score 0, which is no evidence of anything; `null` says the same.
  const scores = Object.entries(scored).filter(([category]) => asked.some((part) => isOf(category, part)));
  return {
    status: isFlagged ? 'flagged' : 'clear',
    flagged,
    scores: Object.fromEntries(scores),
    ...(applied.length > 0 && { appliedTo: Object.fromEntries(applied) }),
    ...origin,
  };
}

function withoutNull<V>(record: { readonly [key: string]: V | null }): { [key: string]: V } {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, V] => entry[1] !== null));
}

function repeat(items: number, detail: string): readonly Report[] {
  return Array.from({ length: items }, () => failed('malformed', { detail }));
}
