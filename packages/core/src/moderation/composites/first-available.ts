import type { CategoryOf, Moderator } from '../moderator.ts';
import { firstAvailableOptions } from '../../schemas.ts';
import { isJudged, type Verdict } from '../verdict.ts';
import { compose, unjudged, type CompositeOptions } from './composite.ts';

/**
 * Asks its members in order until one can say something. Weaker than asking them all: what the first one clears, nobody
 * else looks at. A verdict carries the name of the member that gave it.
 * @example firstAvailable([openaiModeration(), blocklist(words)])
 * @throws {ConfigurationError} there are no members, or an option is wrong
 */
export function firstAvailable<M extends Moderator>(
  members: readonly M[],
  options: Pick<CompositeOptions, 'name'> = {},
): Moderator<CategoryOf<M>> {
  return compose('firstAvailable', members, options, firstAvailableOptions, async (ask) => {
    const said: Verdict[] = [];
    for (const member of members) {
      const verdict = await ask(member);
      said.push(verdict);
      if (isJudged(verdict)) return { ...verdict, members: said };
    }
    return unjudged(said);
  });
}
