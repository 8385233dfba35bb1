import type { ContentPart, Decision, EffectivePolicy } from '@chaperone/core';
import * as z from 'zod/mini';
import { hasUnjudged, imagePart, messageOf, textPart, type Contract, type Inquiry } from './contract.ts';

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
 * those of the guard's moderators, with the highest of their scores; of one that was not judged,
 * `category_applied_input_types` says so, and it has no score.
 */
export const openai: Contract = {
  isFor: (path) => path.endsWith('/moderations'),
  read(body) {
    const input = requestSchema.safeParse(body).data?.input;
    if (input === undefined) return undefined;
    if (typeof input === 'string') return { stage: 'input', messages: [[textPart(input)]] };
    const texts = input.filter((each) => typeof each === 'string');
    if (texts.length > 0) return { stage: 'input', messages: texts.map((text) => [textPart(text)]) };
    const parts = messageOf(input.map(partOf));
    return parts && { stage: 'input', messages: [parts] };
  },
  write(decisions, guard, messages) {
    // What could not be checked is no result, and says nothing of the text.
    if (decisions.some(isUnchecked)) return undefined;
    const { rules } = guard.explain().input;
    return {
      id: `modr-${crypto.randomUUID()}`,
      model: modelIn(decisions),
      results: decisions.map((decision, at) => resultOf(decision, rules, messages[at] ?? [])),
    };
  },
};

type Part = Exclude<z.infer<typeof requestSchema>['input'], string>[number];

function partOf(part: Part): ContentPart | undefined {
  if (typeof part === 'string') return undefined;
  return part.type === 'text' ? textPart(part.text) : imagePart(part.image_url.url);
}

function isUnchecked(decision: Decision): boolean {
  const { action, findings, unchecked } = decision;
  if (findings.some((finding) => finding.action === 'block')) return false;
  return action === 'block' || hasUnjudged(decision) || unchecked.some(({ reason }) => reason !== 'unsupported');
}

function modelIn(decisions: readonly Decision[]): string {
  const models = decisions.flatMap(({ verdicts }) =>
    verdicts.flatMap((verdict) => ('model' in verdict && verdict.model !== undefined ? [verdict.model] : [])),
  );
  return models[0] ?? 'chaperone';
}

/** The one category of a guard whose moderators name none: without any, nobody could tell that it was judged. */
const UNNAMED = 'flagged';

type Rules = EffectivePolicy['input']['rules'];
type Message = Inquiry['messages'][number];
type Kind = ContentPart['type'];

function resultOf({ findings, verdicts }: Decision, rules: Rules, message: Message): object {
  const blocked = new Set<string>(findings.filter(({ action }) => action === 'block').map(({ category }) => category));
  const scores = new Map<string, number>();
  const applied = new Map<string, Set<Kind>>();
  for (const verdict of verdicts) {
    if (!('scores' in verdict)) continue;
    for (const [category, score] of Object.entries(verdict.scores))
      if (score !== undefined) scores.set(category, Math.max(score, scores.get(category) ?? 0));
    for (const [category, kinds] of appliedBy(verdict, rules, message))
      applied.set(category, new Set([...(applied.get(category) ?? []), ...kinds]));
  }
  const names = rules.map(({ category }) => category);
  // `'*'` stands for what has no name: a flag without a category says as much.
  const named = [...new Set([...names, ...blocked, ...applied.keys()])].filter((category) => category !== '*');
  const categories = named.length > 0 ? named : ['*'];
  const by = (value: (category: string) => unknown): object =>
    Object.fromEntries(
      categories.flatMap((category) => {
        const said = value(category);
        return said === undefined ? [] : [[category === '*' ? UNNAMED : category, said]];
      }),
    );
  return {
    flagged: blocked.size > 0,
    categories: by((category) => blocked.has(category)),
    category_scores: by((category) => {
      const isJudged = (applied.get(category)?.size ?? 0) > 0;
      return scores.get(category) ?? (blocked.has(category) ? 1 : isJudged ? 0 : undefined);
    }),
    category_applied_input_types: by((category) => [...(applied.get(category) ?? [])]),
  };
}

type Judged = Extract<Decision['verdicts'][number], { readonly scores: unknown }>;

/** On what each of its categories was judged: what the verdict says of it, or else the part that it is about. */
function appliedBy(verdict: Judged, rules: Rules, message: Message): readonly (readonly [string, readonly Kind[]])[] {
  const kind = message[Number(/\[(\d+)\]$/.exec(verdict.path)?.[1])]?.type ?? 'text';
  const listed = rules.flatMap(({ moderator, category }) => (moderator === verdict.moderator ? [category] : []));
  const found = [...verdict.flagged, ...Object.keys(verdict.scores)];
  return [...new Set([...listed, ...found])].map((category) => {
    const isFound = found.includes(category);
    return [category, verdict.appliedTo?.[category] ?? (verdict.appliedTo && !isFound ? [] : [kind])];
  });
}
