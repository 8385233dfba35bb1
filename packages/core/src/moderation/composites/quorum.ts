import { ConfigurationError } from '../../errors.ts';
import { memberOf } from '../../look-up.ts';
import { compositeOptions } from '../../schemas.ts';
import type { CategoryOf, Moderator } from '../moderator.ts';
import { flaggedBy, isJudged } from '../verdict.ts';
import { compose, isContested, unjudged, withCategory, type CompositeOptions } from './composite.ts';

/**
 * Asks all its members at once. Flagged is what so many of them flag, in every category that one of these names; a score
 * is one that so many of them reach. Where those that could not say anything might have made the difference, it could not
 * say anything either.
 * @example quorum(2, [openaiModeration(), embedded(), blocklist(words)], { disagreement: 'contested' })
 * @throws {ConfigurationError} there are fewer members than are to agree, or an option is wrong
 */
export function quorum<M extends Moderator, const D extends string = never>(
  agreeing: number,
  members: readonly M[],
  options: CompositeOptions<D> = {},
): Moderator<CategoryOf<M> | D> {
  if (!Number.isInteger(agreeing) || agreeing < 1 || agreeing > members.length)
    throw new ConfigurationError('quorum', `takes a whole number from 1 to that of its members, ${members.length}`);
  return compose('quorum', members, options, compositeOptions, async (ask) => {
    const said = await Promise.all(members.map(ask));
    const judged = said.filter(isJudged);
    const flagging = judged.filter(({ status }) => status === 'flagged');
    const unknown = said.length - judged.length;
    const isAgreed = flagging.length >= agreeing;
    if (!isAgreed && flagging.length + unknown >= agreeing) return unjudged(said);
    const flagged = new Set(isAgreed ? flagging.flatMap(flaggedBy) : []);
    const scores = [...new Set(judged.flatMap((verdict) => Object.keys(verdict.scores)))].map((category) => {
      const known = judged.map((verdict) => memberOf<number | undefined>(verdict.scores, category) ?? 0);
      const highest = known.toSorted((a, b) => b - a);
      // Who could not say anything counts as one who would reach any score.
      return [category, highest[flagged.has(category) ? 0 : Math.max(0, agreeing - unknown - 1)] ?? 0] as const;
    });
    const report = {
      status: isAgreed ? 'flagged' : 'clear',
      flagged: [...flagged],
      scores: Object.fromEntries(scores),
      members: said,
    } as const;
    const { disagreement } = options;
    return disagreement !== undefined && isContested(said) ? withCategory(report, disagreement) : report;
  });
}
