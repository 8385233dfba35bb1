import { attempt } from './attempt.ts';
import { isObject, isRecord } from './is.ts';
import { childController } from './abort.ts';
import type { ChatAdapter, StreamAdapter } from './chat/adapter.ts';
import { Call, type CallKind, type CallParts } from './chat/call.ts';
import type { ChatMessage, Content } from './chat/content.ts';
import type { Generate } from './chat/generation.ts';
import { readOnce } from './iterate.ts';
import { guardReply, type Guarded } from './chat/reply.ts';
import { guardStream, type GuardedStream } from './chat/stream.ts';
import { checkContent } from './check.ts';
import { cleanHistory, type Cleaned, type HistoryAdapter } from './clean.ts';
import { ConfigurationError } from './errors.ts';
import { createEventHub, type Events, type Listener } from './events.ts';
import { explain, type EffectivePolicy } from './explain.ts';
import { inOrder } from './in-order.ts';
import { getOrAdd } from './look-up.ts';
import { isolatesRequests } from './isolation.ts';
import { createVerdictCache } from './moderation/cache.ts';
import type { CallContext, CategoryOf, Moderator, Stage } from './moderation/moderator.ts';
import { createPanel } from './moderation/panel.ts';
import { shareVerdicts } from './moderation/store.ts';
import type { GuardOptions } from './options.ts';
import { compilePolicy, type CompiledPolicy, type Roster } from './policy/compile.ts';
import type { Decision } from './policy/decision.ts';
import type { Policy } from './policy/policy.ts';
import { ReleasedTexts } from './released.ts';
import { readOptions, type Settings } from './settings.ts';
import { createTasks } from './tasks.ts';
import { isEnabled, unguarded } from './unguarded.ts';
import { guardText, type GeneratedText, type GenerateText, type Wrapped } from './wrap.ts';

/** Whose call it is, and what ends it. */
export interface CallOptions {
  /** Added to the context of the guard. */
  readonly context?: CallContext;
  /** Aborts moderation and generation; the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface StreamOptions extends CallOptions {
  /**
   * What this very guard has let out since the call began is not judged again, as the same kind and under the same rules:
   * for a guard around a route whose model may have one too. It is recognised by what it says, to the letter. Default
   * `false`.
   */
  readonly recognise?: boolean;
  /**
   * What the caller expects, where that shows only in what comes: a chunk that is a whole reply (`isSealed`) makes the call
   * a reply. Events name it so. Default `'stream'`.
   */
  readonly expects?: 'reply' | 'stream';
}

export interface CheckOptions extends CallOptions {
  /** Which moderators and rules apply. Default `'input'`. */
  readonly stage?: Stage;
}

export interface CheckManyOptions extends CheckOptions {
  /** How many contents are judged at a time. Default 16. */
  readonly concurrency?: number;
}

/** Made once with `createGuard`, put around calls. */
export interface Guard<C extends string = string> {
  /**
   * Judges content by itself. It generates nothing and asks no fallback: holding back is up to you.
   * @param content a text, an image, segments, or the messages of a chat
   * @throws {ContentError} what is handed in is no content
   */
  check(content: Content, options?: CheckOptions): Promise<Decision<C>>;
  /** Judges many contents, in their order; one that is no content is `unchecked` and hurts no other. */
  checkMany(
    contents: Iterable<Content> | AsyncIterable<Content>,
    options?: CheckManyOptions,
  ): AsyncIterable<Decision<C>>;
  /**
   * Takes out of a chat that you keep what the policy would block in its older turns, and the answers that it got, as every
   * guarded call does by itself; the new turn is not judged. What was judged before costs nothing.
   */
  clean<Request>(
    adapter: HistoryAdapter<Request>,
    request: Request,
    options?: CallOptions,
  ): Promise<Cleaned<Request, C>>;
  /** The same function, guarded: any that takes messages and gives text, or pieces of text. */
  wrap<M extends ChatMessage, R extends GeneratedText>(generate: GenerateText<M, R>): Wrapped<M, R>;
  /** The same guard, for calls of this context: added to what is known already. */
  with(context: CallContext): Guard<C>;
  /** Listens; returns what stops it. A listener that fails hurts nobody. */
  on<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): () => void;
  /** Listens for the next event only. */
  once<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): () => void;
  off<E extends keyof Events<C>>(event: E, listener: Listener<E, C>): void;
  /** What is in force, category by category; what nobody judges; what it will cost. Prints as a table. */
  explain(context?: CallContext): EffectivePolicy;
  /** Resolves when everything that runs beside calls has ended, with its events. */
  idle(): Promise<void>;
  /** What adapters call once, where they are put on something: what passes by them unguarded is told by `explain`. */
  declare(adapter: string, passesBy: readonly string[]): void;
  /** What adapters call: one guarded call whose reply comes at once. */
  reply<Request, Reply, Chunk>(
    adapter: ChatAdapter<Request, Reply, Chunk>,
    request: Request,
    generate: Generate<Request, Reply>,
    options?: CallOptions,
  ): Promise<Guarded<Reply, C>>;
  /** What adapters call: one guarded call whose reply comes piece by piece. */
  stream<Request, Chunk>(
    adapter: StreamAdapter<Request, Chunk>,
    request: Request,
    generate: Generate<Request, AsyncIterable<Chunk>>,
    options?: StreamOptions,
  ): Promise<GuardedStream<Chunk, C>>;
}

/**
 * Makes a guard. Starts nothing: no timer, no request.
 * @throws {ConfigurationError} an option is wrong; its `path` says which
 */
export function createGuard<I extends Moderator, O extends Moderator = I>(
  options: GuardOptions<I, O>,
): Guard<CategoryOf<I | O>> {
  const settings = readOptions(options);
  const events = createEventHub();
  const { cache } = settings;
  const panelOptions = {
    ...settings,
    cache: cache && createVerdictCache(cache),
    shared: cache?.shared && shareVerdicts(cache.shared.store, { ...cache.shared, ttl: cache.ttl, patience: 100 }),
    events,
  };
  const shared = {
    ...settings,
    events,
    tasks: createTasks(options.waitUntil),
    released: new ReleasedTexts(),
    policyFor: policyResolver(options.policy ?? {}, settings.roster),
    shadow: options.shadow && compilePolicy(options.shadow, settings.roster, 'shadow'),
  };
  const withPanel = (): CallParts => ({ ...shared, panel: createPanel(settings.roster, panelOptions) });
  const parts = withPanel();
  const partsFor = isolatesRequests() ? withPanel : (): CallParts => parts;
  // Categories exist for the compiler alone: what a guard tells are those of its own moderators.
  return guardFor(settings, partsFor, {}, new Map()) as Guard<CategoryOf<I | O>>;
}

function guardFor(
  settings: Settings,
  /** What a call works with: the same for all, but for the panel where each has to have its own. */
  partsFor: () => CallParts,
  base: CallContext,
  passesBy: Map<string, readonly string[]>,
): Guard {
  /** Who judges by the conversation may see another one around a route than around the model in it. */
  const canRecognise = settings.roster.output.every(({ reads }) => reads !== 'conversation');
  const parts = partsFor();
  const begin = (
    kind: CallKind,
    { context, signal, recognise = false }: StreamOptions = {},
    own: CallParts = partsFor(),
  ): Call => {
    const whose = extend(base, context);
    const isOn = isEnabled(settings.enabled, whose);
    return new Call(isOn ? own : unguarded(own), kind, whose, signal, recognise && canRecognise);
  };
  const { events, tasks } = parts;
  return {
    check: async (content, options = {}) => {
      const stage = stageOf(options);
      return checkContent(begin('check', options), content, stage);
    },
    checkMany: (contents, options = {}) => {
      const together = partsFor();
      return checkMany(contents, options, (each) => begin('check', each, together));
    },
    clean: async (adapter, request, options) => cleanHistory(begin('check', options), adapter, request),
    wrap: (generate) => (messages, options) =>
      // Which of its results a function gives is known to the compiler; at run time the promise and the stream are one.
      guardText(begin('reply', options), messages, generate) as never,
    with: (context) => guardFor(settings, partsFor, extend(base, context), passesBy),
    on: events.on,
    once: events.once,
    off: events.off,
    explain(context) {
      const whose = extend(base, context);
      const isOn = isEnabled(settings.enabled, whose);
      // A guard that is off says so, also where its policy is what is wrong.
      const policy = isOn ? undefined : attempt(() => parts.policyFor(whose));
      return explain(settings, policy ?? (isOn ? parts : unguarded(parts)).policyFor(whose), passesBy, isOn);
    },
    declare: (adapter, what) => void passesBy.set(adapter, what),
    idle: tasks.idle,
    reply: async (adapter, request, generate, options) =>
      guardReply(begin('reply', options), adapter, request, generate),
    stream: async (adapter, request, generate, options) =>
      guardStream(begin(options?.expects ?? 'stream', options), adapter, request, generate),
  };
}

/** A context with more known about it. A wrong one is refused: whose policy it stands for would be anybody's guess. */
function extend(base: CallContext, context: CallContext = {}): CallContext {
  if (!isRecord(context) || 'then' in context) throw new ConfigurationError('context', 'must be an object');
  for (const [key, value] of Object.entries(context))
    if (value !== undefined && typeof value !== 'string')
      throw new ConfigurationError(`context.${key}`, 'must be a string');
  return { ...base, ...context };
}

function stageOf({ stage = 'input' }: CheckOptions): Stage {
  if (stage !== 'input' && stage !== 'output')
    throw new ConfigurationError('check.stage', `must be "input" or "output"`);
  return stage;
}

function checkMany(
  contents: Iterable<Content> | AsyncIterable<Content>,
  options: CheckManyOptions,
  begin: (options: CallOptions) => Call,
): AsyncIterable<Decision> {
  const { concurrency = 16 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new ConfigurationError('checkMany.concurrency', 'must be a whole number from 1');
  const stage = stageOf(options);
  const { controller, unlink } = childController(options.signal);
  const { signal } = controller;
  const decisions = inOrder(
    contents,
    concurrency,
    (content) => checkContent(begin({ ...options, signal }), content, stage, 'unchecked'),
    signal,
    unlink,
  );
  return readOnce(
    () => decisions.next(),
    () => {
      unlink();
      controller.abort(); // what was started ahead is not wanted any longer, and nobody waits for more to come
      return decisions.return();
    },
  );
}

/** Policies are compiled once; those that a function gives, when they are first seen. */
function policyResolver(
  policy: Policy | ((context: CallContext) => Policy),
  roster: Roster,
): (context: CallContext) => CompiledPolicy {
  if (typeof policy !== 'function') {
    const compiled = compilePolicy(policy, roster);
    return () => compiled;
  }
  const seen = new WeakMap<Policy, CompiledPolicy>();
  return (context) => {
    const given = callPolicy(policy, context);
    return getOrAdd(seen, given, () => compilePolicy(given, roster));
  };
}

function callPolicy(policy: (context: CallContext) => Policy, context: CallContext): Policy {
  let given: unknown;
  try {
    given = policy(context);
  } catch (error) {
    throw new ConfigurationError('policy', 'is a function that failed; see the cause', { cause: error });
  }
  if (!isObject(given) || given instanceof Promise)
    throw new ConfigurationError('policy', 'is a function that must return a policy, at once');
  return given;
}
