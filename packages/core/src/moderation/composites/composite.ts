import type * as z from 'zod/mini';
import { SEGMENT_KINDS, TEXT_KINDS } from '../../chat/segment.ts';
import { ConfigurationError } from '../../errors.ts';
import { moderators } from '../../schemas.ts';
import { validate } from '../../validate.ts';
import type { CategoryOf, Item, Moderator } from '../moderator.ts';
import { failure, flaggedBy, isJudged, type Report, type Verdict } from '../verdict.ts';

/** What every moderator that is made of others takes. */
export interface CompositeOptions<D extends string = never> {
  /** Unique in a guard. Default: what it is, and the names of its members. */
  readonly name?: string;
  /**
   * A category that is flagged where members that were asked about the same disagree whether to flag it. A policy says
   * what comes of it: `{ contested: { review: 'flag' } }`. Default: none.
   */
  readonly disagreement?: D;
}

/** Asks a member about the item in question. */
export type AskMember = (member: Moderator) => Promise<Verdict>;

/**
 * A moderator made of others, that covers what any of them covers.
 * @param judge asks members, and says what comes of what they say
 */
export function compose<M extends Moderator, D extends string>(
  what: string,
  members: readonly M[],
  options: CompositeOptions<D>,
  schema: z.ZodMiniType,
  judge: (ask: AskMember) => Promise<Report>,
): Moderator<CategoryOf<M> | D> {
  validate(schema, options, what);
  validate(moderators, members, `${what}.members`);
  if (members.length === 0) throw new ConfigurationError(`${what}.members`, 'is empty');
  if (new Set(members).size < members.length) throw new ConfigurationError(`${what}.members`, 'has a moderator twice');
  const all = <T>(of: (member: Moderator) => readonly T[]): readonly T[] => members.flatMap(of);
  const reads = all(({ reads = 'segment' }) => [reads]);
  const limits = all(({ maxCharacters }) => (maxCharacters === undefined ? [] : [maxCharacters]));
  const kinds = new Set(all((member) => member.kinds ?? TEXT_KINDS));
  const { disagreement } = options;
  const categories = [...all((member) => member.categories), ...(disagreement === undefined ? [] : [disagreement])];
  return {
    name: options.name ?? `${what}(${members.map(({ name }) => name).join(', ')})`,
    // Their categories, all of them, and its own.
    categories: [...new Set(categories)] as (CategoryOf<M> | D)[],
    kinds: SEGMENT_KINDS.filter((kind) => kinds.has(kind)),
    reads: (['conversation', 'message'] as const).find((most) => reads.includes(most)) ?? 'segment',
    span: Math.max(...all(({ span = 0 }) => [span])),
    ...(limits.length > 0 && { maxCharacters: Math.min(...limits) }),
    inProcess: members.every((member) => member.inProcess),
    members,
    moderate: (items, { ask }) =>
      Promise.all(
        items.map((item: Item) =>
          judge(async (member) => {
            const [verdict] = await ask(member, [item]);
            return verdict ?? failure(member.name, 'malformed');
          }),
        ),
      ) as Promise<readonly Report<CategoryOf<M> | D>[]>, // as are the categories
  };
}

/** Why nobody could say anything: a failure, if there was one, before what is not covered. */
export function unjudged(said: readonly Verdict[]): Report {
  const silent = said.find(({ status }) => status === 'failed') ?? said.findLast((verdict) => !isJudged(verdict));
  const { moderator: _, ...report } = silent ?? failure('', 'malformed');
  return { ...report, members: said };
}

/** Whether some who looked flag what others do not. */
export function isContested(said: readonly Verdict[]): boolean {
  return new Set(said.filter(isJudged).map(({ status }) => status)).size > 1;
}

/** A verdict with one more category flagged. It is no longer that of a member alone. */
export function withCategory(report: Extract<Report, { readonly flagged: unknown }>, category: string): Report {
  const { moderator: _, ...rest } = report;
  return { ...rest, status: 'flagged', flagged: [...new Set([...flaggedBy(report), category])] };
}
