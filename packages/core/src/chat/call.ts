import { childController } from '../abort.ts';
import type { CallUsage, EventHub, Events } from '../events.ts';
import type { Fallback } from '../fallback/fallback.ts';
import { createJudgement, type Case, type JudgeParts, type Judgement } from '../judge.ts';
import type { CallContext, Stage } from '../moderation/moderator.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Decision } from '../policy/decision.ts';
import type { Tasks } from '../tasks.ts';
import type { Usage } from './adapter.ts';
import type { Scopes } from './turns.ts';

/** Everything that calls of a guard share. */
export interface CallParts extends JudgeParts {
  readonly fallbacks: { readonly [S in Stage]: Fallback };
  readonly scopes: Scopes;
  readonly timing: 'before' | 'during';
  readonly policyFor: (context: CallContext) => CompiledPolicy;
  readonly events: EventHub;
  readonly tasks: Tasks;
}

/** The signal of what nobody waits for. */
const NEVER: AbortSignal = new AbortController().signal;

export type CallKind = Events['settled']['call'];
export type DeliveryKind = Events['settled']['delivery'];

/** One call: whose it is, what it has come to so far, and its one end. */
export interface Call extends Case {
  readonly parts: CallParts;
  /** What the reply turned out to be. */
  kind: CallKind;
  /** Aborted with the caller's signal, and by `abort`. */
  readonly signal: AbortSignal;
  /** Resolved once for the whole call, when it is first asked for: a policy function may throw. */
  readonly policy: CompiledPolicy;
  /** Throws what makes a call impossible from the start: an abort, or a policy that is none. */
  start(): void;
  /** Generations that were begun. */
  readonly attempts: number;
  /** @param isAwaited whether the caller waits for it: if not, the caller's leaving does not end it */
  judgement(stage: Stage, isAwaited?: boolean): Judgement;
  decided(stage: Stage, decision: Decision): void;
  /** Those that were waited for: what else is known by chance is for events alone. */
  readonly decisions: { readonly input?: Decision; readonly output?: Decision };
  /** Runs what nobody waits for; a failure of it is none of the caller's business. */
  beside(work: Promise<unknown>): void;
  /** Counts a generation that begins. */
  begin(): number;
  /** Notes what the latest generation used. */
  used(usage: Usage | undefined): void;
  /** What all generations but one used, as far as it was reported. */
  usedBeside(attempt: number): Usage | undefined;
  /** What all generations used so far. */
  readonly usage: CallUsage | 'unknown' | undefined;
  /** Ends everything that runs for this call. */
  abort(): void;
  /** Runs something when the call ends, before that is told. */
  whenSettled(run: () => void): void;
  readonly isSettled: boolean;
  /** Ends the call, once: tells `settled` when what runs beside it has ended too. */
  settle(delivery: DeliveryKind): void;
  /** Ends the call with what was thrown, and says what the caller is to see of it: abort beats failure. */
  settleWith(error: unknown): unknown;
}

export function createCall(
  parts: CallParts,
  kind: CallKind,
  given: CallContext,
  parent: AbortSignal | undefined,
): Call {
  const context = Object.freeze({ ...given });
  const { controller, unlink } = childController(parent);
  const { signal } = controller;
  const decisions: { input?: Decision; output?: Decision } = {};
  /** Judgements that nobody waits for, except the one event that tells how the call ended. */
  const beside: Promise<unknown>[] = [];
  const usages: (Usage | undefined)[] = [];
  let policy: CompiledPolicy | undefined;
  let isSettled = false;
  let onSettled = (): void => {};

  const call: Call = {
    parts,
    kind,
    context,
    signal,
    get policy() {
      return (policy ??= parts.policyFor(context));
    },
    start() {
      signal.throwIfAborted();
      void call.policy;
    },
    get attempts() {
      return usages.length;
    },
    judgement: (stage, isAwaited = true) =>
      createJudgement(parts, { context, policy: call.policy, signal: isAwaited ? signal : NEVER }, stage),
    decided(stage, decision) {
      decisions[stage] = decision;
    },
    get decisions() {
      const { input, output } = decisions;
      const { fallbacks } = parts;
      return { ...(fallbacks.input.waits && input && { input }), ...(fallbacks.output.waits && output && { output }) };
    },
    beside(work) {
      const quiet = work.catch(() => {});
      beside.push(quiet);
      parts.tasks.run(quiet);
    },
    begin: () => usages.push(undefined),
    used(usage) {
      if (usage && usages.length > 0) usages[usages.length - 1] = usage;
    },
    usedBeside: (attempt) => sum(usages.filter((_, index) => index !== attempt - 1)),
    get usage() {
      if (usages.length === 0) return undefined;
      const total = sum(usages);
      return total ? { ...total, unknown: usages.filter((usage) => !usage).length } : 'unknown';
    },
    abort: () => controller.abort(),
    whenSettled(run) {
      onSettled = run;
    },
    get isSettled() {
      return isSettled;
    },
    settle(delivery) {
      if (isSettled) return;
      isSettled = true;
      unlink();
      onSettled();
      const tell = (): void => {
        const { usage, attempts } = call;
        parts.events.tell('settled', {
          call: call.kind,
          delivery,
          ...decisions,
          attempts,
          ...(usage !== undefined && { usage }),
          context,
        });
      };
      if (beside.length === 0) tell();
      else parts.tasks.run(Promise.all(beside).then(tell));
    },
    settleWith(error): unknown {
      call.settle(signal.aborted ? 'aborted' : 'errored');
      return signal.aborted ? signal.reason : error;
    },
  };
  return call;
}

function sum(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const reported = usages.filter((usage) => usage !== undefined);
  if (reported.length === 0) return undefined;
  return {
    inputTokens: reported.reduce((total, usage) => total + usage.inputTokens, 0),
    outputTokens: reported.reduce((total, usage) => total + usage.outputTokens, 0),
  };
}
