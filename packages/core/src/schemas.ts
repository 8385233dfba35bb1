import * as z from 'zod/mini';
import { ROLES, SEGMENT_KINDS, type Segment } from './chat/segment.ts';
import { isFallback, MAX_RETRIES, type Fallback } from './fallback/fallback.ts';
import { isFunction, isRecord, isText } from './is.ts';

// Everything that a user hands in, and its limits. What depends on more than its form is checked where it is used.

/** A value that only a function can recognise, and what it is called in the sentence that asks for it. */
function custom<T>(isExpected: (value: unknown) => boolean, expected: string): z.ZodMiniCustom<T, T> {
  return z.custom<T>(isExpected, { params: { expected } });
}

const aFunction = custom<(...args: never[]) => unknown>(isFunction, 'a function');
const optionalFunction = z.optional(aFunction);
const optionalText = z.optional(z.string());
/** Not `z.int` and `z.minLength`: these two weigh 700 bytes. */
const aWholeNumber = z.number().check(z.refine(Number.isInteger, { params: { expected: 'a whole number' } }));
const aCount = aWholeNumber.check(z.gte(1));
const aName = custom<string>((value) => isText(value) && value !== '', 'a text that is not empty');

const fallback = z.optional(
  custom<Fallback>(
    isFallback,
    `a fallback: reject(), log(), retry() or { waits, retries (0 to ${MAX_RETRIES}), answer }`,
  ),
);
const blockOrAllow = z.optional(z.enum(['block', 'allow']));
const localized = z.union([z.string(), z.record(z.string(), z.string())]);
const texts = z.optional(z.record(z.string(), localized));
const moderator: z.ZodMiniType = z.looseObject({
  name: aName,
  categories: z.array(z.string()),
  kinds: z.optional(z.array(z.enum(SEGMENT_KINDS))),
  reads: z.optional(z.enum(['segment', 'message', 'conversation'])),
  partition: optionalFunction,
  maxCharacters: z.optional(aCount),
  span: z.optional(aWholeNumber.check(z.gte(0))),
  batch: z.optional(z.strictObject({ items: aCount, characters: z.number().check(z.gte(1)) })),
  get members() {
    return z.optional(moderators);
  },
  moderate: aFunction,
});

/** Moderators, and the members of those that are made of others. */
export const moderators: z.ZodMiniType = z.array(moderator);

const milliseconds = z.optional(z.number().check(z.gt(0), z.lte(600_000)));
const optionalCount = z.optional(aCount);
const asking = {
  deadline: milliseconds,
  retries: z.optional(aWholeNumber.check(z.gte(0), z.lte(10))),
  concurrency: optionalCount,
  batch: z.optional(z.union([z.literal(false), z.strictObject({ maxWait: milliseconds })])),
  quota: z.optional(z.strictObject({ requests: optionalCount, tokens: optionalCount })),
  breaker: z.optional(z.union([z.literal(false), z.strictObject({ failures: optionalCount, pause: milliseconds })])),
};

/** The options of `createGuard`. */
export const guardOptions: z.ZodMiniType = z.strictObject({
  moderators: z.union([moderators, z.strictObject({ input: moderators, output: moderators })]),
  policy: z.optional(z.union([aFunction, z.looseObject({})])),
  shadow: z.optional(z.looseObject({})),
  enabled: z.optional(z.union([z.boolean(), aFunction])),
  fallback,
  input: z.optional(
    z.strictObject({
      fallback,
      timing: z.optional(z.enum(['before', 'during'])),
      toolOutput: z.optional(z.enum(['block', 'replace'])),
      scope: optionalFunction,
    }),
  ),
  output: z.optional(
    z.strictObject({
      fallback,
      release: z.optional(z.enum(['verified', 'whole', 'immediate'])),
      window: z.optional(
        z.strictObject({
          first: optionalCount,
          size: optionalCount,
          context: z.optional(aWholeNumber.check(z.gte(0))),
          maxWait: milliseconds,
        }),
      ),
      recheck: z.optional(z.boolean()),
      maxHeld: optionalCount,
      scope: optionalFunction,
    }),
  ),
  whenUnchecked: z.optional(
    z.union([
      z.enum(['block', 'allow']),
      z.strictObject({ failed: blockOrAllow, unsupported: blockOrAllow, tooLarge: blockOrAllow }),
    ]),
  ),
  moderation: z.optional(
    z.strictObject({
      ...asking,
      cache: z.optional(
        z.union([
          z.literal(false),
          z.strictObject({
            entries: optionalCount,
            characters: optionalCount,
            ttl: z.optional(z.number().check(z.gt(0))),
            shared: z.optional(
              z.strictObject({
                store: z.looseObject({ get: aFunction, set: aFunction }),
                secret: custom((value) => isText(value) && value.length >= 16, 'a secret of at least 16 characters'),
              }),
            ),
          }),
        ]),
      ),
      maxCharacters: optionalCount,
      moderators: z.optional(z.record(z.string(), z.strictObject(asking))),
    }),
  ),
  message: z.optional(z.union([z.string(), aFunction, z.strictObject({ input: texts, output: texts })])),
  captureContent: z.optional(z.enum(['none', 'hash', 'full'])),
  waitUntil: optionalFunction,
  helpLines: z.optional(localized),
});

/** The options of `firstAvailable`. */
export const firstAvailableOptions: z.ZodMiniType = z.strictObject({ name: z.optional(aName) });

/** The options of `cascade` and `quorum`. */
export const compositeOptions: z.ZodMiniType = z.strictObject({
  name: z.optional(aName),
  disagreement: z.optional(aName),
});

const aScore = z.number().check(z.gte(0), z.lte(1));

/** `when` of `cascade`. */
export const cascadeWhen: z.ZodMiniType = z.union([aFunction, z.strictObject({ from: aScore, to: aScore })]);

/** The options of `reject`. */
export const rejectOptions: z.ZodMiniType = z.strictObject({ message: optionalText });

/** The options of `log`. */
export const logOptions: z.ZodMiniType = z.strictObject({
  logger: z.optional(custom((value) => isRecord(value) && isFunction(value['warn']), 'an object with warn()')),
});

/** The options of `retry`. */
export const retryOptions: z.ZodMiniType = z.strictObject({
  maxRetries: z.optional(aWholeNumber.check(z.gte(0), z.lte(MAX_RETRIES))),
  feedback: optionalFunction,
  otherwise: z.optional(custom((value) => isFallback(value) && value.retries === 0, 'a fallback that does not retry')),
});

const rules = z.record(z.string(), z.unknown());
const stageRules = z.optional(z.strictObject({ categories: rules }));

/** A policy, but for its rules: those are checked against the moderators that they speak of. */
export const policy: z.ZodMiniType = z.strictObject({
  version: optionalText,
  categories: z.optional(rules),
  input: stageRules,
  output: stageRules,
  moderators: z.optional(z.record(z.string(), rules)),
  locked: z.optional(z.array(z.string())),
});

const image = custom<URL | Uint8Array>(
  (value) => value instanceof URL || value instanceof Uint8Array,
  'a URL or bytes',
);
const address = custom<string>((value) => isText(value) && URL.canParse(value), 'an address (https: or data:)');

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: string | URL | Uint8Array };

/** The messages of a plain chat. */
export const chatMessages: z.ZodMiniType<
  readonly { readonly role: string; readonly content: string | readonly Part[] }[]
> = z.array(
  z.looseObject({
    role: z.string(),
    content: z.union([
      z.string(),
      z.array(
        z.union([
          z.object({ type: z.literal('text'), text: z.string() }),
          z.object({ type: z.literal('image'), image: z.union([image, address]) }),
        ]),
      ),
    ]),
  }),
);

/** Segments by themselves. */
export const contentSegments: z.ZodMiniType<
  readonly (Pick<Segment, 'kind' | 'role'> & { readonly [K in 'path' | 'text' | 'image']?: Segment[K] | undefined })[]
> = z.array(
  z.object({
    kind: z.enum(SEGMENT_KINDS),
    role: z.enum(ROLES),
    path: optionalText,
    text: optionalText,
    image: z.optional(image),
  }),
);
