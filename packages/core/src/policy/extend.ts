import { ConfigurationError } from '../errors.ts';
import { STAGES } from '../moderation/moderator.ts';
import { policy as policySchema } from '../schemas.ts';
import { joinPath, validate } from '../validate.ts';
import { findRule } from './compile.ts';
import type { Policy, Rules } from './policy.ts';
import { isAsStrict } from './strictness.ts';

/**
 * A policy with some of its rules changed, such as a tenant's. Whatever is not named in the change stays; a rule that is
 * named is replaced as a whole. What `locked` names in the base may become stricter and nothing else, on whatever way:
 * by itself, at a stage, for one moderator, or through `'*'`. `'*'` in it locks every category that the base does not
 * name. Locks add up.
 * @throws {ConfigurationError} the change loosens what is locked; its `path` says where
 */
export function extendPolicy<C extends string>(base: Policy<C>, change: NoInfer<Policy<C>>): Policy<C> {
  validate(policySchema, base, 'base');
  validate(policySchema, change, 'change');
  const extended: Policy = {
    ...(change.version !== undefined && { version: change.version }), // the base's version is not what is in force now
    categories: merge(base.categories, change.categories),
    input: { categories: merge(base.input?.categories, change.input?.categories) },
    output: { categories: merge(base.output?.categories, change.output?.categories) },
    moderators: Object.fromEntries(
      [...keysOf(base.moderators), ...keysOf(change.moderators)].map((name) => [
        name,
        merge(base.moderators?.[name], change.moderators?.[name]),
      ]),
    ),
    locked: [...new Set([...(base.locked ?? []), ...(change.locked ?? [])])],
  };
  checkLocks(base, extended);
  return extended;
}

function checkLocks(base: Policy, extended: Policy): void {
  const locked = new Set(base.locked);
  if (locked.has('*')) for (const category of namesIn(extended)) if (!namesIn(base).has(category)) locked.add(category);
  // A moderator that no policy names is asked by the name that none has.
  for (const moderator of ['', ...keysOf(extended.moderators)])
    for (const stage of STAGES)
      for (const category of locked) {
        const after = findRule(extended, stage, moderator, category);
        if (!isAsStrict(after.tiers, findRule(base, stage, moderator, category).tiers))
          throw new ConfigurationError(
            `change.${after.from}`,
            `loosens ${joinPath('', category)}, which is locked: it may only be tightened`,
          );
      }
}

function namesIn({ categories, input, output, moderators = {} }: Policy): ReadonlySet<string> {
  const all = [categories, input?.categories, output?.categories, ...Object.values(moderators)];
  return new Set(all.flatMap((rules) => keysOf(rules)));
}

/** What says nothing takes nothing away. */
function merge(base: Rules = {}, change: Rules = {}): Rules {
  return Object.fromEntries(
    [...Object.entries(base), ...Object.entries(change)].filter(([, rule]) => rule !== undefined),
  );
}

function keysOf(table: object | undefined): readonly string[] {
  return Object.keys(table ?? {});
}
