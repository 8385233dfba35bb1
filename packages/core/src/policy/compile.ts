import { ConfigurationError } from '../errors.ts';
import { withMembers, type Moderator, type Stage } from '../moderation/moderator.ts';
import { isRecord } from '../is.ts';
import { getOrAdd, memberOf } from '../look-up.ts';
import { policy as policySchema } from '../schemas.ts';
import { joinPath, suggest, validate } from '../validate.ts';
import type { Policy, Rule, Rules } from './policy.ts';
import type { Tiers } from './strictness.ts';

/** Who judges at which stage. */
export interface Roster {
  readonly input: readonly Moderator[];
  readonly output: readonly Moderator[];
}

/** The one rule that is in force for a category of a moderator at a stage. */
export interface RuleInForce {
  /** The category as the policy knows it: `'*'` for one that the moderator does not list. */
  readonly named: string;
  readonly rule: Rule;
  /** Where it was said, such as `output.categories.violence`; `default` where it was not. */
  readonly from: string;
  /** Whether it was said of this category, and not of every one that is not named. */
  readonly isNamed: boolean;
  /** What it amounts to, the strictest first. */
  readonly tiers: Tiers;
}

/** A policy that was checked against the moderators it speaks of. */
export interface CompiledPolicy {
  readonly version: string;
  /** The rule for a category; one that the moderator does not list falls under `'*'`. */
  ruleFor(stage: Stage, moderator: string, category: string): RuleInForce;
}

/** The order in which tiers are tried. */
const TIERS = ['block', 'review', 'warn'] as const;

/**
 * Checks a policy and prepares its look-ups. Throws a `ConfigurationError` that names what is wrong.
 * @param at what it is called there
 */
export function compilePolicy(given: Policy, roster: Roster, at = 'policy'): CompiledPolicy {
  validate(policySchema, given, at);
  const everyone = withMembers([...roster.input, ...roster.output]);
  checkRules(given.categories, `${at}.categories`, everyone);
  checkRules(given.input?.categories, `${at}.input.categories`, roster.input);
  checkRules(given.output?.categories, `${at}.output.categories`, roster.output);
  for (const [index, category] of (given.locked ?? []).entries())
    checkCategory(category, `${at}.locked[${index}]`, everyone);
  for (const [name, rules] of Object.entries(given.moderators ?? {})) {
    const moderator = everyone.find((candidate) => candidate.name === name);
    const path = joinPath(`${at}.moderators`, name);
    if (!moderator)
      throw new ConfigurationError(
        path,
        `is not a moderator of this guard${suggest(everyone.map((each) => each.name))}`,
      );
    checkRules(rules, path, [moderator]);
  }
  const policy = structuredClone(given); // what is in force is what was checked, whatever its owner does with it later

  const inForce = new Map<string, Map<string, RuleInForce>>();
  const listed = new Map(everyone.map((moderator) => [moderator.name, new Set<string>(moderator.categories)]));
  return {
    version: policy.version ?? fingerprint(JSON.stringify(policy)),
    ruleFor(stage, moderator, category) {
      const name = listed.get(moderator)?.has(category) ? category : '*';
      const place = `${stage} ${moderator}`;
      const rules = getOrAdd(inForce, place, () => new Map<string, RuleInForce>());
      return getOrAdd(rules, name, () => findRule(policy, stage, moderator, name));
    },
  };
}

/** The rule in force, by precedence: the most particular first. */
export function findRule(policy: Policy, stage: Stage, moderator: string, category: string): RuleInForce {
  const own = [joinPath('moderators', moderator), memberOf(policy.moderators, moderator)] as const;
  const ofStage = [`${stage}.categories`, policy[stage]?.categories] as const;
  const base = ['categories', policy.categories] as const;
  for (const [[path, rules], name] of [
    [own, category],
    [own, '*'],
    [ofStage, category],
    [base, category],
    [ofStage, '*'],
    [base, '*'],
  ] as const) {
    const rule = memberOf<Rule | undefined>(rules, name);
    if (rule !== undefined)
      return { named: category, rule, from: joinPath(path, name), isNamed: name !== '*', tiers: tiersOf(rule) };
  }
  return { named: category, rule: 'flag', from: 'default', isNamed: false, tiers: tiersOf('flag') };
}

function tiersOf(rule: Rule): RuleInForce['tiers'] {
  if (rule === 'ignore') return [];
  if (typeof rule !== 'object') return [['block', rule]];
  return TIERS.flatMap((tier) => (rule[tier] === undefined ? [] : [[tier, rule[tier]] as const]));
}

/** Checks the form of every rule of a policy, whoever may have to follow it. */
export function checkRuleForms({ categories, input, output, moderators = {} }: Policy, at: string): void {
  const tables = [
    [`${at}.categories`, categories],
    [`${at}.input.categories`, input?.categories],
    [`${at}.output.categories`, output?.categories],
    ...Object.entries(moderators).map(([name, rules]) => [joinPath(`${at}.moderators`, name), rules] as const),
  ] as const;
  for (const [path, rules] of tables)
    for (const [category, rule] of Object.entries(rules ?? {}))
      if (rule !== undefined) checkRule(rule, joinPath(path, category));
}

function checkRules(rules: Rules | undefined, path: string, moderators: readonly Moderator[]): void {
  for (const [category, rule] of Object.entries(rules ?? {})) {
    checkCategory(category, joinPath(path, category), moderators);
    if (rule !== undefined) checkRule(rule, joinPath(path, category));
  }
}

function checkCategory(category: string, path: string, moderators: readonly Moderator[]): void {
  const known = [...new Set(moderators.flatMap(({ categories }) => categories))];
  if (category !== '*' && !known.includes(category))
    throw new ConfigurationError(path, `is not a category of ${speakers(moderators)}${suggest(known)}`);
}

function speakers(moderators: readonly Moderator[]): string {
  return moderators.length === 0 ? 'no moderator' : moderators.map(({ name }) => name).join(' or ');
}

function checkRule(rule: unknown, path: string): void {
  if (rule === 'ignore') return;
  if (!isRecord(rule)) {
    checkThreshold(rule, path, `, 'ignore', or tiers such as { review: 0.5, block: 0.8 }`);
    return;
  }
  const said = Object.keys(rule).filter((key) => rule[key] !== undefined);
  for (const key of said) {
    const tier = TIERS.find((candidate) => candidate === key);
    if (!tier) throw new ConfigurationError(joinPath(path, key), `is not a tier${suggest(TIERS)}`);
    checkThreshold(rule[tier], joinPath(path, tier), '');
    const stricter = TIERS.slice(0, TIERS.indexOf(tier)).find((other) => covers(rule[other], rule[tier]));
    if (stricter)
      throw new ConfigurationError(
        joinPath(path, tier),
        `can never take effect, for ${stricter} begins no later (${String(rule[stricter])})`,
      );
  }
  if (said.length === 0) throw new ConfigurationError(path, `names no tier; to take no action say 'ignore'`);
}

/** Whether everything that meets the milder threshold meets the stricter tier's too. */
function covers(stricter: unknown, milder: unknown): boolean {
  if (typeof stricter === 'number' && typeof milder === 'number') return stricter <= milder;
  return stricter === 'flag' && milder === 'flag';
}

function checkThreshold(threshold: unknown, path: string, orElse: string): void {
  if (threshold === 'flag' || (typeof threshold === 'number' && threshold > 0 && threshold <= 1)) return;
  throw new ConfigurationError(
    path,
    `must be a score above 0 and at most 1, or 'flag'${orElse}, not ${String(threshold)}`,
  );
}

/** FNV-1a: enough to tell two policies apart in an event; nothing relies on it to be hard to forge. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
