import { EventEmitter } from 'eventemitter3';
import type { Usage } from './chat/adapter.ts';
import { complain } from './complain.ts';
import { isThenable } from './is.ts';
import { getOrAdd } from './look-up.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import type { BreakerState } from './moderation/breaker.ts';
import type { FailureReason } from './moderation/verdict.ts';
import type { Decision, ShadowDecision } from './policy/decision.ts';

/** The content of a segment, as far as `captureContent` lets it out. */
export interface CapturedContent {
  readonly path: string;
  /** In characters (UTF-16 code units). */
  readonly length: number;
  /** With `captureContent: 'hash'`: SHA-256 of the text, in hex. */
  readonly hash?: string;
  /** With `captureContent: 'full'`. */
  readonly text?: string;
}

/** What all generations of a call used, as far as it was reported. */
export interface CallUsage extends Usage {
  /** Generations whose usage nobody reported: what they used is not in the sums. */
  readonly unknown: number;
}

/** What a guard tells. By default no event holds a word of content. */
export interface Events<C extends string = string> {
  /** A decision has a finding that is not `allow`. Once per decision; for a block at once. */
  flagged: {
    /** `provider`: the model's own provider blocked, by its content filter. */
    readonly source: 'guard' | 'provider';
    readonly decision: Decision<C>;
    readonly context: CallContext;
    /** Of a reply: how many characters of it had left before it was flagged. */
    readonly released?: number;
    /** The segments with findings; only where `captureContent` lets it. */
    readonly content?: readonly CapturedContent[];
  };
  /** A flagged reply was discarded; the next generation begins. */
  retried: { readonly decision: Decision<C>; readonly attempt: number; readonly context: CallContext };
  /** A call has ended, on whatever path: exactly one for every call. */
  settled: {
    /** How the reply came, or was to come: at once or piece by piece; or no reply, but one check. */
    readonly call: 'reply' | 'stream' | 'check';
    /** What the caller got: the reply, a refusal, the abort it asked for, or an error. */
    readonly delivery: 'delivered' | 'refused' | 'aborted' | 'errored';
    readonly input?: Decision<C>;
    readonly output?: Decision<C>;
    /** Generations that were begun. */
    readonly attempts: number;
    /** `unknown`: nothing was reported. Absent: nothing was generated. */
    readonly usage?: CallUsage | 'unknown';
    /** The guard was off: nobody judged anything. */
    readonly unguarded?: true;
    readonly context: CallContext;
  };
  /** What the shadow policy would have done, wherever it or the policy would do something. Once per decision. */
  shadowed: { readonly shadow: ShadowDecision<C>; readonly decision: Decision<C>; readonly context: CallContext };
  /** A moderator could not say anything. `detail` says what to do about it, where that is known. */
  'moderator-failed': {
    readonly moderator: string;
    readonly stage: Stage;
    readonly reason: FailureReason;
    /** How many items were in the request. */
    readonly items: number;
    readonly retryAfterMs?: number;
    readonly detail?: string;
  };
  /**
   * A moderator that kept failing is not asked for a while (`open`), one request tries again (`half-open`), or it
   * answers again (`closed`). Each partition of a moderator has a breaker of its own.
   */
  breaker: { readonly moderator: string; readonly state: BreakerState };
  /** The model that serves a moderator is another than last time: scores may have shifted. */
  'model-changed': { readonly moderator: string; readonly from: string; readonly to: string };
}

/** A listener. What it throws, or rejects with, reaches nobody but the console, by name. */
export type Listener<E extends keyof Events<C>, C extends string = string> = (event: Events<C>[E]) => unknown;

/** Tells events to listeners, each on its own. */
export interface EventHub {
  tell<E extends keyof Events>(event: E, payload: Events[E]): void;
  on<E extends keyof Events>(event: E, listener: Listener<E>): () => void;
  once<E extends keyof Events>(event: E, listener: Listener<E>): () => void;
  off<E extends keyof Events>(event: E, listener: Listener<E>): void;
}

type Isolated = (payload: unknown) => void;

export function createEventHub(): EventHub {
  const emitter = new EventEmitter();
  /** The isolated forms of each listener, so that `off` finds them. */
  const isolated = new WeakMap<object, Map<Isolated, keyof Events>>();
  const add = <E extends keyof Events>(event: E, listener: Listener<E>, called = listener): (() => void) => {
    const run = isolate(event, called as (payload: unknown) => unknown); // the emitter's payloads are untyped; tell() types them
    const known = getOrAdd(isolated, listener, () => new Map());
    known.set(run, event);
    emitter.on(event, run);
    return () => {
      known.delete(run);
      emitter.off(event, run);
    };
  };
  return {
    tell(event, payload) {
      emitter.emit(event, Object.freeze(payload)); // so that no listener changes what the next one sees
    },
    on: (event, listener) => add(event, listener),
    once(event, listener) {
      const stop = add(event, listener, (payload) => {
        stop();
        return listener(payload);
      });
      return stop;
    },
    off(event, listener) {
      const known = isolated.get(listener);
      for (const [run, name] of known ?? []) if (name === event && known?.delete(run)) emitter.off(event, run);
    },
  };
}

/** A throw or a rejected promise of a listener must not reach the call, the other listeners or the process. */
function isolate(event: string, listener: (payload: unknown) => unknown): Isolated {
  const failed = (error: unknown): void => complain(`A listener of "${event}"`, error);
  return (payload) => {
    try {
      const result = listener(payload);
      if (isThenable(result)) Promise.resolve(result).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
