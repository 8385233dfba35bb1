import type { Scope } from './chat/segment.ts';
import { ConfigurationError } from './errors.ts';
import type { Fallback } from './fallback/fallback.ts';
import { reject } from './fallback/reject.ts';
import type { LocalizedText, MessageOption } from './messages.ts';
import type { Limits } from './moderation/limits.ts';
import { STAGES, withMembers, type Moderator, type Stage } from './moderation/moderator.ts';
import type { VerdictStore } from './moderation/store.ts';
import type { AskingOptions, CaptureContent, GuardOptions, OutputOptions, UncheckedRules } from './options.ts';
import type { StreamSettings } from './chat/call.ts';
import type { Roster } from './policy/compile.ts';
import type { UncheckedPolicy } from './policy/decide.ts';
import type { EnabledOption } from './unguarded.ts';
import { memberOf } from './look-up.ts';
import { guardOptions } from './schemas.ts';
import { joinPath, suggest, validate } from './validate.ts';

/** What a guard's options amount to, every default filled in. */
export interface Settings {
  readonly roster: Roster;
  readonly fallbacks: { readonly [S in Stage]: Fallback };
  readonly scopes: { readonly [S in Stage]: Scope };
  readonly timing: 'before' | 'during';
  readonly toolOutput: 'block' | 'replace';
  readonly streaming: StreamSettings;
  readonly uncheckedPolicy: UncheckedPolicy;
  readonly limitsFor: (moderator: string) => Limits;
  /** The longest text that is judged. */
  readonly maxCharacters: number;
  readonly cache: CacheSettings | undefined;
  readonly message: MessageOption | undefined;
  readonly helpLines: LocalizedText | undefined;
  readonly captureContent: CaptureContent;
  readonly enabled: EnabledOption;
}

/** How verdicts are kept, every default filled in. */
export interface CacheSettings {
  readonly entries: number;
  readonly characters: number;
  /** Milliseconds. */
  readonly ttl: number;
  readonly shared: { readonly store: VerdictStore; readonly secret: string } | undefined;
}

/** Checks a guard's options. Throws a `ConfigurationError` that names the path of what is wrong. */
export function readOptions(options: GuardOptions): Settings {
  validate(guardOptions, options, '');
  const {
    moderators: given,
    fallback: both = reject(),
    whenUnchecked = {},
    input = {},
    output = {},
    message,
  } = options;
  const { cache = {}, maxCharacters = MIB, moderators: own = {}, ...common } = options.moderation ?? {};
  const roster: Roster = 'input' in given ? given : { input: given, output: given };
  const everyone = checkRoster(roster);
  for (const name of Object.keys(own))
    if (!everyone.has(name))
      throw new ConfigurationError(
        joinPath('moderation.moderators', name),
        `is not a moderator of this guard${suggest([...everyone.keys()])}`,
      );
    else if (everyone.get(name)?.members)
      throw new ConfigurationError(joinPath('moderation.moderators', name), 'is made of others: name these instead');
  checkMessages(message, roster);
  const fallbacks = { input: input.fallback ?? both, output: output.fallback ?? both };
  if (input.timing === 'during' && !fallbacks.input.waits)
    throw new ConfigurationError('input.timing', "is 'during', but the input's fallback does not wait");
  if (input.toolOutput === 'replace' && !fallbacks.input.waits)
    throw new ConfigurationError('input.toolOutput', "is 'replace', but the input's fallback does not wait");
  const unchecked = (rule: keyof UncheckedRules): 'block' | 'allow' | undefined =>
    typeof whenUnchecked === 'string' ? whenUnchecked : whenUnchecked[rule];
  return {
    roster,
    fallbacks,
    scopes: { input: input.scope ?? notTheDevelopers, output: output.scope ?? everything },
    timing: input.timing ?? 'before',
    toolOutput: input.toolOutput ?? 'block',
    streaming: streamingOf(output, roster.output, fallbacks.output),
    uncheckedPolicy: {
      failed: unchecked('failed') ?? 'block',
      unsupported: unchecked('unsupported') ?? 'allow',
      'too-large': unchecked('tooLarge') ?? 'block',
    },
    limitsFor: (name) => limitsOf({ ...common, ...memberOf(own, name) }),
    maxCharacters,
    cache:
      cache === false
        ? undefined
        : {
            entries: cache.entries ?? 1_000,
            characters: cache.characters ?? 16 * MIB,
            ttl: cache.ttl ?? HOUR,
            shared: cache.shared,
          },
    message,
    helpLines: options.helpLines,
    captureContent: options.captureContent ?? 'none',
    enabled: options.enabled ?? true,
  };
}

function streamingOf(
  { release = 'verified', window = {}, recheck = false, maxHeld = MIB }: OutputOptions,
  moderators: readonly Moderator[],
  fallback: Fallback,
): StreamSettings {
  if (release === 'immediate' && fallback.retries > 0)
    throw new ConfigurationError(
      'output.release',
      "is 'immediate', but the output's fallback retries, and what has left cannot be generated again: use 'verified', or another fallback",
    );
  const { first = 80, size = 400, context = 80, maxWait = 500 } = window;
  if (first > size) throw new ConfigurationError('output.window.first', `must be at most size, ${size}`);
  const everyone = withMembers(moderators);
  const span = Math.max(0, ...everyone.map((moderator) => moderator.span ?? 0));
  // Who reads whole messages has to have one.
  const isWhole = release === 'whole' || everyone.some(({ reads = 'segment' }) => reads !== 'segment');
  return {
    release: isWhole && release === 'verified' ? 'whole' : release,
    isWhole,
    window: { first, size, context, maxWait, span },
    recheck,
    maxHeld,
  };
}

function limitsOf({
  deadline = 2_000,
  retries = 2,
  concurrency = 64,
  batch = {},
  quota,
  breaker = {},
}: AskingOptions): Limits {
  return {
    deadline,
    retries,
    concurrency,
    batch: batch === false ? undefined : { maxWait: batch.maxWait ?? 25 },
    quota,
    breaker: breaker === false ? undefined : breaker,
  };
}

const HOUR = 60 * 60 * 1_000;
const MIB = 1024 * 1024;
const everything: Scope = () => true;
const notTheDevelopers: Scope = (segment) => segment.role !== 'system';

function checkRoster({ input, output }: Roster): ReadonlyMap<string, Moderator> {
  const byName = new Map<string, Moderator>();
  for (const moderator of withMembers([...input, ...output])) {
    const other = byName.get(moderator.name);
    if (other && other !== moderator)
      throw new ConfigurationError('moderators', `has two moderators named "${moderator.name}"`);
    byName.set(moderator.name, moderator);
  }
  if (byName.size === 0) throw new ConfigurationError('moderators', 'is empty');
  return byName;
}

/** A text for a category that nobody reports would never be said. */
function checkMessages(message: MessageOption | undefined, roster: Roster): void {
  if (typeof message !== 'object') return;
  for (const stage of STAGES) {
    const categories = roster[stage].flatMap((moderator) => moderator.categories);
    const parents = categories.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index)));
    const known = ['*', 'warn', 'unchecked', ...new Set([...categories, ...parents])];
    for (const key of Object.keys(message[stage] ?? {}))
      if (!known.includes(key))
        throw new ConfigurationError(
          joinPath(`message.${stage}`, key),
          `is not a category of that stage${suggest(known)}`,
        );
  }
}
