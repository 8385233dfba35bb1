import { cascadeWhen, compositeOptions } from '../../schemas.ts';
import { ConfigurationError } from '../../errors.ts';
import { validate } from '../../validate.ts';
import type { CategoryOf, Moderator } from '../moderator.ts';
import { isJudged, type Judged, type Report, type Verdict } from '../verdict.ts';
import { compose, isContested, unjudged, withCategory, type CompositeOptions } from './composite.ts';

/** Between which scores a moderator is not sure; 0 to 1. */
export interface UncertainBand {
  readonly from: number;
  readonly to: number;
}

export interface CascadeOptions<D extends string = never> extends CompositeOptions<D> {
  /**
   * When the next member is asked as well: where the highest score is in a band, or where a function says so. Default: the
   * band from 0.2 to 0.8. A flag without a score counts as 1; one that clears without any score was never sure.
   */
  readonly when?: UncertainBand | ((verdict: Judged) => boolean);
}

/**
 * Asks its members in order, from the cheapest to the surest, until one is sure; the verdict is that of the last one asked,
 * under its name. Who cannot say anything is not sure. Where nobody after it can either, a flag stands, and a member that
 * was not sure to clear has not checked anything.
 * @example cascade([embedded(), openaiModeration()], { when: { from: 0.1, to: 0.9 } })
 * @throws {ConfigurationError} there are no members, or an option is wrong
 */
export function cascade<M extends Moderator, const D extends string = never>(
  members: readonly M[],
  options: CascadeOptions<D> = {},
): Moderator<CategoryOf<M> | D> {
  const { when = { from: 0.2, to: 0.8 }, ...common } = options;
  const { disagreement } = common;
  validate(cascadeWhen, when, 'cascade.when');
  if (typeof when === 'object' && when.from > when.to)
    throw new ConfigurationError('cascade.when.from', `must be at most to, ${when.to}`);
  const isUncertain = typeof when === 'function' ? when : (verdict: Judged): boolean => isWithin(verdict, when);
  const contested = (verdict: Judged, said: readonly Verdict[]): Report => {
    const report = { ...verdict, members: said };
    return disagreement !== undefined && isContested(said) ? withCategory(report, disagreement) : report;
  };
  return compose('cascade', members, common, compositeOptions, async (ask) => {
    const said: Verdict[] = [];
    for (const member of members) {
      const verdict = await ask(member);
      said.push(verdict);
      if (!isJudged(verdict) || (member !== members.at(-1) && isUncertain(verdict))) continue;
      return contested(verdict, said);
    }
    const flagged = said.findLast((verdict): verdict is Judged => verdict.status === 'flagged');
    return flagged ? contested(flagged, said) : unjudged(said);
  });
}

function isWithin({ status, scores }: Judged, { from, to }: UncertainBand): boolean {
  const known = Object.values<number | undefined>(scores).filter((score) => score !== undefined);
  if (known.length === 0) return status === 'clear';
  const highest = Math.max(...known);
  return highest >= from && highest <= to;
}
