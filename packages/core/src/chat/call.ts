import { childController } from '../abort.ts';
import type { CallUsage, EventHub, Events } from '../events.ts';
import type { Fallback } from '../fallback/fallback.ts';
import { Judgement, type Case, type JudgeParts } from '../judge.ts';
import type { CallContext, Stage } from '../moderation/moderator.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Decision } from '../policy/decision.ts';
import type { ReleasedTexts } from '../released.ts';
import type { Tasks } from '../tasks.ts';
import type { OwnVerdicts, Usage } from './adapter.ts';
import type { WindowSettings } from './window.ts';
import type { Scopes } from './turns.ts';

/** How streamed text leaves. */
export interface StreamSettings {
  readonly release: 'verified' | 'whole' | 'immediate';
  /** Whether a reply is judged when all of it is there. */
  readonly isWhole: boolean;
  readonly window: WindowSettings;
  readonly recheck: boolean;
  /** Characters. */
  readonly maxHeld: number;
}

/** Everything that calls of a guard share. */
export interface CallParts extends JudgeParts {
  readonly fallbacks: { readonly [S in Stage]: Fallback };
  readonly scopes: Scopes;
  readonly timing: 'before' | 'during';
  readonly toolOutput: 'block' | 'replace';
  readonly streaming: StreamSettings;
  readonly policyFor: (context: CallContext) => CompiledPolicy;
  readonly events: EventHub;
  readonly tasks: Tasks;
  readonly released: ReleasedTexts;
  /** The guard is off. */
  readonly isUnguarded?: true;
}

/** The signal of what nobody waits for. Each its own: Workers make none while they load, and share none among requests. */
function never(): AbortSignal {
  return new AbortController().signal;
}

export type CallKind = Events['settled']['call'];
export type DeliveryKind = Events['settled']['delivery'];

/** One call: whose it is, what it has come to so far, and its one end. */
export class Call implements Case {
  readonly parts: CallParts;
  readonly isAwaited = true;
  /** What the reply turned out to be. */
  kind: CallKind;
  readonly context: CallContext;
  readonly #controller: AbortController;
  readonly #unlink: () => void;
  /** Those that were waited for: what else is known by chance is for events alone. */
  readonly decisions: { input?: Decision; output?: Decision } = {};
  readonly #decisions: { input?: Decision; output?: Decision } = {};
  /** Judgements that nobody waits for, except the one event that tells how the call ended. */
  readonly #beside: Promise<unknown>[] = [];
  readonly #usages: (Usage | undefined)[] = [];
  readonly #own: PromiseWithResolvers<OwnVerdicts | undefined> = Promise.withResolvers();
  #policy: CompiledPolicy | undefined;
  #onSettled: (() => void) | undefined;
  isSettled = false;
  /** Whether what this guard has let out of late passes without being judged again. */
  readonly recognises: boolean;
  /** What was let out before this call began is none of it. */
  readonly since: number;

  constructor(
    parts: CallParts,
    kind: CallKind,
    context: CallContext,
    parent: AbortSignal | undefined,
    recognises = false,
  ) {
    this.recognises = recognises;
    this.since = parts.released.count;
    parts.released.isAsked ||= recognises; // before the model is asked: a guard around it has to note what it lets out
    this.parts = parts;
    this.kind = kind;
    this.context = Object.freeze({ ...context });
    const { controller, unlink } = childController(parent);
    this.#controller = controller;
    this.#unlink = unlink;
  }

  /** Aborted with the caller's signal, and by `abort`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolved once for the whole call, when it is first asked for: a policy function may throw. */
  get policy(): CompiledPolicy {
    return (this.#policy ??= this.parts.policyFor(this.context));
  }

  /** Throws what makes a call impossible from the start: an abort, or a policy that is none. */
  start(): void {
    this.signal.throwIfAborted();
    void this.policy;
  }

  /** Generations that were begun. */
  get attempts(): number {
    return this.#usages.length;
  }

  /** @param isAwaited whether the caller waits for it: if not, the caller's leaving does not end it */
  judgement(stage: Stage, isAwaited = true): Judgement {
    const { parts, context, policy, signal } = this;
    return new Judgement(parts, { context, policy, signal: isAwaited ? signal : never(), isAwaited }, stage);
  }

  decided(stage: Stage, decision: Decision): void {
    this.#decisions[stage] = decision;
    if (this.parts.fallbacks[stage].waits) this.decisions[stage] = decision;
  }

  /** Says what the provider itself found; what comes of it counts once. */
  tellOwn(verdicts: OwnVerdicts | undefined): void {
    this.#own.resolve(verdicts);
  }

  /** What the provider itself found, as soon as it is there, or the call has ended without it. */
  get own(): Promise<OwnVerdicts | undefined> {
    return this.#own.promise;
  }

  /** Runs what nobody waits for; a failure of it is none of the caller's business. */
  beside(work: Promise<unknown>): void {
    const quiet = work.catch(() => {});
    this.#beside.push(quiet);
    this.parts.tasks.run(quiet);
  }

  /** Counts a generation that begins. */
  begin(): number {
    return this.#usages.push(undefined);
  }

  /** Notes what the latest generation used. */
  used(usage: Usage | undefined): void {
    if (usage && this.attempts > 0) this.#usages[this.attempts - 1] = usage;
  }

  /** What all generations but one used, as far as it was reported. */
  usedBeside(attempt: number): Usage | undefined {
    return sum(this.#usages.filter((_, index) => index !== attempt - 1));
  }

  /** What all generations used so far. */
  get usage(): CallUsage | 'unknown' | undefined {
    if (this.attempts === 0) return undefined;
    const total = sum(this.#usages);
    return total ? { ...total, unknown: this.#usages.filter((usage) => !usage).length } : 'unknown';
  }

  /** Ends everything that runs for this call. */
  abort(): void {
    this.#controller.abort();
  }

  /** Runs something when the call ends, before that is told. */
  whenSettled(run: () => void): void {
    this.#onSettled = run;
  }

  /** Ends the call, once: tells `settled` when what runs beside it has ended too. */
  settle(delivery: DeliveryKind): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#unlink();
    if (this.#onSettled) this.#onSettled();
    else this.tellOwn(undefined);
    if (this.#beside.length === 0) this.#tell(delivery);
    else this.parts.tasks.run(Promise.all(this.#beside).then(() => this.#tell(delivery)));
  }

  /** Ends the call with what was thrown, and says what the caller is to see of it: abort beats failure. */
  settleWith(error: unknown): unknown {
    this.settle(this.signal.aborted ? 'aborted' : 'errored');
    return this.signal.aborted ? this.signal.reason : error;
  }

  #tell(delivery: DeliveryKind): void {
    const { kind, usage, attempts, context } = this;
    this.parts.events.tell('settled', {
      call: kind,
      delivery,
      ...this.#decisions,
      attempts,
      ...(usage !== undefined && { usage }),
      ...(this.parts.isUnguarded && { unguarded: true }),
      context,
    });
  }
}

function sum(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const reported = usages.filter((usage) => usage !== undefined);
  if (reported.length === 0) return undefined;
  return {
    inputTokens: reported.reduce((total, usage) => total + usage.inputTokens, 0),
    outputTokens: reported.reduce((total, usage) => total + usage.outputTokens, 0),
  };
}
