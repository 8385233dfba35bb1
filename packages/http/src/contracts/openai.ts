import type { ContentPart, Decision } from '@chaperone/core';
import * as z from 'zod/mini';
import { every, imagePart, textPart, type Contract } from './contract.ts';

/** More inputs than this in one request are refused. */
const MOST_INPUTS = 256;

const requestSchema = z.object({
  input: z.union([
    z.string(),
    z.array(z.string()).check(z.minLength(1), z.maxLength(MOST_INPUTS)),
    z
      .array(
        z.union([
          z.object({ type: z.literal('text'), text: z.string() }),
          z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
        ]),
      )
      .check(z.minLength(1), z.maxLength(MOST_INPUTS)),
  ]),
});

/**
 * OpenAI's `POST /v1/moderations`, after openai-node 7.57. `flagged` is what the guard's policy blocks; the categories are
 * those of the guard's moderators, with the highest of their scores.
 */
export const openai: Contract = {
  isFor: (path) => path.endsWith('/moderations'),
  read(body) {
    const input = requestSchema.safeParse(body).data?.input;
    if (input === undefined) return undefined;
    if (typeof input === 'string') return { stage: 'input', messages: [[textPart(input)]] };
    const texts = input.filter((each) => typeof each === 'string');
    if (texts.length > 0) return { stage: 'input', messages: texts.map((text) => [textPart(text)]) };
    const parts = every(input.map(partOf));
    return parts && { stage: 'input', messages: [parts] };
  },
  write(decisions, guard) {
    // What could not be checked is no result, and says nothing of the text.
    if (decisions.some(isUnchecked)) return undefined;
    const names = guard.explain().input.rules.map(({ category }) => category);
    return {
      id: `modr-${crypto.randomUUID()}`,
      model: modelIn(decisions),
      results: decisions.map((decision) => resultOf(decision, names)),
    };
  },
};

type Part = Exclude<z.infer<typeof requestSchema>['input'], string>[number];

function partOf(part: Part): ContentPart | undefined {
  if (typeof part === 'string') return undefined;
  return part.type === 'text' ? textPart(part.text) : imagePart(part.image_url.url);
}

function isUnchecked({ action, findings, unchecked }: Decision): boolean {
  if (findings.some((finding) => finding.action === 'block')) return false;
  return action === 'block' || unchecked.some(({ reason }) => reason !== 'unsupported');
}

function modelIn(decisions: readonly Decision[]): string {
  const models = decisions.flatMap(({ verdicts }) =>
    verdicts.flatMap((verdict) => ('model' in verdict && verdict.model !== undefined ? [verdict.model] : [])),
  );
  return models[0] ?? 'chaperone';
}

function resultOf({ findings, verdicts }: Decision, names: readonly string[]): object {
  const blocked = new Set<string>(findings.filter(({ action }) => action === 'block').map(({ category }) => category));
  const scores = new Map<string, number>();
  for (const verdict of verdicts)
    if ('scores' in verdict)
      for (const [category, score] of Object.entries(verdict.scores))
        if (score !== undefined) scores.set(category, Math.max(score, scores.get(category) ?? 0));
  // `'*'` stands for what has no name: a flag without a category says as much.
  const categories = [...new Set([...names, ...blocked, ...scores.keys()])].filter((category) => category !== '*');
  const by = (value: (category: string) => boolean | number): object =>
    Object.fromEntries(categories.map((category) => [category, value(category)]));
  return {
    flagged: blocked.size > 0,
    categories: by((category) => blocked.has(category)),
    category_scores: by((category) => scores.get(category) ?? (blocked.has(category) ? 1 : 0)),
  };
}
