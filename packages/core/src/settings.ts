import * as z from 'zod/mini';
import { SEGMENT_KINDS, type Scope } from './chat/segment.ts';
import { ConfigurationError } from './errors.ts';
import { isFallback, MAX_RETRIES, type Fallback } from './fallback/fallback.ts';
import { reject } from './fallback/reject.ts';
import type { MessageOption } from './messages.ts';
import type { Moderator, Stage } from './moderation/moderator.ts';
import type { CaptureContent, GuardOptions, UncheckedRules } from './options.ts';
import type { Roster } from './policy/compile.ts';
import type { UncheckedPolicy } from './policy/decide.ts';
import { joinPath, suggest, validate } from './validate.ts';

/** What a guard's options amount to, every default filled in. */
export interface Settings {
  readonly roster: Roster;
  readonly fallbacks: { readonly [S in Stage]: Fallback };
  readonly scopes: { readonly [S in Stage]: Scope };
  readonly timing: 'before' | 'during';
  readonly uncheckedPolicy: UncheckedPolicy;
  /** Milliseconds. */
  readonly deadline: number;
  readonly cache: { readonly entries: number; readonly ttl: number } | undefined;
  readonly message: MessageOption | undefined;
  readonly captureContent: CaptureContent;
}

/** Checks a guard's options. Throws a `ConfigurationError` that names the path of what is wrong. */
export function readOptions(options: GuardOptions): Settings {
  validate(schema, options, '');
  const {
    moderators: given,
    fallback: both = reject(),
    whenUnchecked = {},
    input = {},
    output = {},
    message,
  } = options;
  const { deadline = 2_000, cache = {} } = options.moderation ?? {};
  const roster: Roster = 'input' in given ? given : { input: given, output: given };
  checkRoster(roster);
  checkMessages(message, roster);
  const fallbacks = { input: input.fallback ?? both, output: output.fallback ?? both };
  if (input.timing === 'during' && !fallbacks.input.waits)
    throw new ConfigurationError(
      'input.timing',
      "is 'during', but the fallback of the input does not wait for a verdict",
    );
  const unchecked: UncheckedRules =
    typeof whenUnchecked === 'string'
      ? { failed: whenUnchecked, unsupported: whenUnchecked, tooLarge: whenUnchecked }
      : whenUnchecked;
  return {
    roster,
    fallbacks,
    scopes: { input: input.scope ?? notTheDevelopers, output: output.scope ?? everything },
    timing: input.timing ?? 'before',
    uncheckedPolicy: {
      failed: unchecked.failed ?? 'block',
      unsupported: unchecked.unsupported ?? 'allow',
      'too-large': unchecked.tooLarge ?? 'block',
    },
    deadline,
    cache: cache === false ? undefined : { entries: cache.entries ?? 1_000, ttl: cache.ttl ?? HOUR },
    message,
    captureContent: options.captureContent ?? 'none',
  };
}

const HOUR = 60 * 60 * 1_000;
const everything: Scope = () => true;
const notTheDevelopers: Scope = (segment) => segment.role !== 'system';

function checkRoster({ input, output }: Roster): void {
  const byName = new Map<string, Moderator>();
  for (const moderator of [...input, ...output]) {
    const other = byName.get(moderator.name);
    if (other && other !== moderator)
      throw new ConfigurationError('moderators', `has two moderators named "${moderator.name}"`);
    byName.set(moderator.name, moderator);
  }
  if (byName.size === 0) throw new ConfigurationError('moderators', 'is empty');
}

/** A text for a category that nobody reports would never be said. */
function checkMessages(message: MessageOption | undefined, roster: Roster): void {
  if (typeof message !== 'object') return;
  for (const stage of ['input', 'output'] as const) {
    const categories = roster[stage].flatMap((moderator) => moderator.categories);
    const parents = categories.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index)));
    const known = ['*', 'warn', 'unchecked', ...new Set([...categories, ...parents])];
    for (const key of Object.keys(message[stage] ?? {}))
      if (!known.includes(key))
        throw new ConfigurationError(
          joinPath(`message.${stage}`, [key]),
          `is not a category of that stage${suggest(known)}`,
        );
  }
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const aFunction = z.custom<(...args: never[]) => unknown>(isFunction, { params: { expected: 'a function' } });
const fallback = z.optional(
  z.custom<Fallback>(isFallback, {
    params: {
      expected: `a fallback: reject(), log(), retry() or { waits, retries (0 to ${MAX_RETRIES}), answer }`,
    },
  }),
);
const blockOrAllow = z.optional(z.enum(['block', 'allow']));
const aScope = z.optional(aFunction);
const texts = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())]));
const moderators = z.array(
  z.looseObject({
    name: z.string().check(z.minLength(1)),
    categories: z.array(z.string()),
    kinds: z.optional(z.array(z.enum(SEGMENT_KINDS))),
    reads: z.optional(z.enum(['segment', 'message', 'conversation'])),
    partition: z.optional(aFunction),
    batch: z.optional(z.strictObject({ items: z.int().check(z.gte(1)), characters: z.number().check(z.gte(1)) })),
    moderate: aFunction,
  }),
);

/** Every option and its limits. The policy is checked further where it is compiled. */
const schema = z.strictObject({
  moderators: z.union([moderators, z.strictObject({ input: moderators, output: moderators })]),
  policy: z.optional(z.union([aFunction, z.looseObject({})])),
  fallback,
  input: z.optional(z.strictObject({ fallback, timing: z.optional(z.enum(['before', 'during'])), scope: aScope })),
  output: z.optional(z.strictObject({ fallback, release: z.optional(z.enum(['verified', 'whole'])), scope: aScope })),
  whenUnchecked: z.optional(
    z.union([
      z.enum(['block', 'allow']),
      z.strictObject({ failed: blockOrAllow, unsupported: blockOrAllow, tooLarge: blockOrAllow }),
    ]),
  ),
  moderation: z.optional(
    z.strictObject({
      deadline: z.optional(z.number().check(z.gt(0), z.lte(600_000))),
      cache: z.optional(
        z.union([
          z.literal(false),
          z.strictObject({ entries: z.optional(z.int().check(z.gte(1))), ttl: z.optional(z.number().check(z.gt(0))) }),
        ]),
      ),
    }),
  ),
  message: z.optional(
    z.union([z.string(), aFunction, z.strictObject({ input: z.optional(texts), output: z.optional(texts) })]),
  ),
  captureContent: z.optional(z.enum(['none', 'hash', 'full'])),
});
