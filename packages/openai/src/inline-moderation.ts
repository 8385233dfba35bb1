import { ConfigurationError, failed, type Guard, type OwnVerdicts, type Report, type Verdict } from '@chaperone/core';
import * as z from 'zod/mini';
import type { Endpoint } from './endpoints.ts';
import { at, isRecord } from './wire/json.ts';
import { isSigned, type OpenAIRequest } from './wire/request.ts';

/** OpenAI's moderation within the call that generates: which model, and for which moderator of the guard it speaks. */
export interface InlineModeration {
  readonly model: string;
  readonly moderator: string;
}

/** What `inlineModeration: true` stands for. */
export const INLINE_DEFAULTS: InlineModeration = { model: 'omni-moderation-latest', moderator: 'openai-moderation' };

/**
 * It scores what was said when all of it was said, so a guard that has let a part of it go cannot use it.
 * @throws ConfigurationError for a guard that cannot
 */
export function checkInlineModeration(guard: Guard, { moderator }: InlineModeration): void {
  const { release, input, output } = guard.explain();
  const complain = (what: string): never => {
    throw new ConfigurationError('guardFetch.inlineModeration', what);
  };
  if (output.waits && release !== 'whole')
    complain(
      "scores a reply when all of it is there: the guard needs output: { release: 'whole' }, or log() as fallback",
    );
  if (![...input.moderators, ...output.moderators].includes(moderator))
    complain(
      `speaks for a moderator named '${moderator}', and the guard has none: list openaiModeration(), or name another as inlineModeration.moderator`,
    );
}

/** The endpoint, asked to moderate by itself, and its verdicts read with each answer. */
export function withInlineModeration(endpoint: Endpoint, { model, moderator }: InlineModeration): Endpoint {
  const { adapter } = endpoint;
  return {
    ...endpoint,
    prepare: (request) => askFor(model, request),
    adapter: {
      ...adapter,
      bringsVerdicts: () => true,
      readReply: (answer) => ({ ...adapter.readReply(answer), ...verdictsIn(answer.body, moderator) }),
      openStream(request) {
        const reader = adapter.openStream(request);
        return { ...reader, read: (frame) => ({ ...reader.read(frame), ...verdictsIn(frame.data, moderator) }) };
      },
    },
  };
}

/** A caller that asked for it in its own way keeps that. A signed body cannot be changed: then moderators are asked. */
function askFor(model: string, request: OpenAIRequest): OpenAIRequest {
  const { body, headers } = request;
  const isAsked = body['moderation'] !== undefined && body['moderation'] !== null;
  return isAsked || isSigned(headers) ? request : { ...request, body: { ...body, moderation: { model } } };
}

/** Where an answer has its verdicts: in itself, in a chunk, in the response of an event. */
function verdictsIn(answer: unknown, moderator: string): { readonly verdicts?: OwnVerdicts } {
  const moderation = at(answer, 'moderation') ?? at(at(answer, 'response'), 'moderation');
  if (!isRecord(moderation)) return {};
  const { input, output } = moderation;
  const read = (side: unknown): Verdict | undefined =>
    side === undefined || side === null ? undefined : { ...readSide(side), moderator };
  const own = { input: read(input), output: read(output) };
  return {
    verdicts: { ...(own.input && { input: own.input }), ...(own.output && { output: own.output }) },
  };
}

/** A result, as OpenAI's API reference has it; categories are open, since models add some. */
const resultSchema = z.object({
  flagged: z.boolean(),
  model: z.optional(z.string()),
  categories: z.record(z.string(), z.nullable(z.boolean())),
  category_scores: z.record(z.string(), z.nullable(z.number().check(z.minimum(0), z.maximum(1)))),
});
/** A chat has a list of results, a response has one that stands by itself. */
const sideSchema = z.union([
  z.object({ type: z.literal('moderation_results'), results: z.array(resultSchema).check(z.minLength(1)) }),
  z.extend(resultSchema, { type: z.literal('moderation_result') }),
]);

/** What is known of one side: the strictest of several results, for nobody says which part each is about. */
function readSide(side: unknown): Report {
  if (at(side, 'type') === 'error')
    return failed('unavailable', { detail: 'OpenAI generated, and could not moderate.' });
  const read = sideSchema.safeParse(side);
  if (!read.success) return failed('malformed', { detail: 'The moderation of the answer has another shape.' });
  const results = read.data.type === 'moderation_results' ? read.data.results : [read.data];
  const flagged = new Set<string>();
  const scores: Record<string, number> = {};
  for (const { categories, category_scores } of results) {
    for (const [category, isFlagged] of Object.entries(categories)) if (isFlagged === true) flagged.add(category);
    for (const [category, score] of Object.entries(category_scores))
      if (score !== null) scores[category] = Math.max(score, scores[category] ?? 0);
  }
  const model = results[0]?.model;
  const isFlagged = flagged.size > 0 || results.some((result) => result.flagged);
  return {
    status: isFlagged ? 'flagged' : 'clear',
    flagged: [...flagged],
    scores,
    ...(model !== undefined && { model }),
  };
}
