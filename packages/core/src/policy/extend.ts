import { ConfigurationError } from '../errors.ts';
import { STAGES, type Stage } from '../moderation/moderator.ts';
import { policy as policySchema } from '../schemas.ts';
import { joinPath, validate } from '../validate.ts';
import { checkRuleForms, findRule } from './compile.ts';
import type { Policy, Rules } from './policy.ts';
import { isAsStrict } from './strictness.ts';

/**
 * A policy with some of its rules changed, such as a tenant's. Whatever is not named in the change stays; a rule that is
 * named is replaced as a whole. What `locked` names in the base may become stricter and nothing else, on whatever way:
 * by itself, at a stage, for one moderator, or through `'*'`. `'*'` in it locks every category wherever the base names no
 * rule for it; once a change names one, it is locked by its name. Locks add up.
 * @throws {ConfigurationError} the change loosens what is locked; its `path` says where
 */
export function extendPolicy<C extends string>(base: Policy<C>, change: NoInfer<Policy<C>>): Policy<C> {
  checkForm(base, 'base');
  checkForm(change, 'change');
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
    locked: [...new Set([...locksOf(base, change), ...(change.locked ?? [])])],
  };
  checkLocks(base, extended);
  return extended;
}

/** What was locked through `'*'` stays locked when it has a rule of its own. */
function locksOf(base: Policy, change: Policy): readonly string[] {
  const { locked = [] } = base;
  if (!locked.includes('*')) return locked;
  const isByStar = (category: string): boolean =>
    placesIn(base, change).some(([stage, moderator]) => isLocked(base, stage, moderator, category));
  return [...locked, ...[...namesIn(change)].filter((category) => category !== '*' && isByStar(category))];
}

/** By its name, or because what rules it there is what rules everything that is not named. */
function isLocked(base: Policy, stage: Stage, moderator: string, category: string): boolean {
  const { locked = [] } = base;
  if (locked.includes(category)) return true;
  return locked.includes('*') && !findRule(base, stage, moderator, category).isNamed;
}

/** Every stage, for every moderator that has rules of its own, and for one that has none. */
function placesIn(...policies: readonly Policy[]): readonly (readonly [stage: Stage, moderator: string])[] {
  const moderators = new Set(['', ...policies.flatMap((policy) => keysOf(policy.moderators))]);
  return STAGES.flatMap((stage) => [...moderators].map((moderator) => [stage, moderator] as const));
}

function checkLocks(base: Policy, extended: Policy): void {
  const categories = new Set(['*', ...(base.locked ?? []), ...namesIn(base), ...namesIn(extended)]);
  for (const [stage, moderator] of placesIn(base, extended))
    for (const category of categories) {
      if (!isLocked(base, stage, moderator, category)) continue;
      const after = findRule(extended, stage, moderator, category);
      if (!isAsStrict(after.tiers, findRule(base, stage, moderator, category).tiers))
        throw new ConfigurationError(
          `change.${after.from}`,
          `loosens ${joinPath('', category)}, which is locked: it may only be tightened`,
        );
    }
}

function checkForm(policy: Policy, path: string): void {
  validate(policySchema, policy, path);
  checkRuleForms(policy, path);
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
