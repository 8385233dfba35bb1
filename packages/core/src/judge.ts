import { untilAborted } from './abort.ts';
import { capture } from './capture.ts';
import type { EventHub, Events } from './events.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { Outcome } from './fallback/outcome.ts';
import { isText } from './is.ts';
import { messageFor, type MessageOption } from './messages.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import type { Panel, Target } from './moderation/panel.ts';
import type { CaptureContent } from './options.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import { sumUp, weigh, type Known, type UncheckedPolicy, type Weighed } from './policy/decide.ts';
import { blocking, isFlagged, strictest, type Action, type Decision } from './policy/decision.ts';

/** What a judgement works with: the same for every call of a guard. */
export interface JudgeParts {
  readonly panel: Panel;
  readonly events: EventHub;
  readonly uncheckedPolicy: UncheckedPolicy;
  readonly message: MessageOption | undefined;
  readonly captureContent: CaptureContent;
}

/** Whose call is judged, and under which policy. */
export interface Case {
  readonly context: CallContext;
  readonly signal: AbortSignal;
  readonly policy: CompiledPolicy;
}

/** What a judgement ends in. */
export interface Ruling {
  readonly decision: Decision;
  readonly outcome: Outcome;
  /** The segments that a refusal replaces; empty: everything. */
  readonly paths: readonly string[];
  /** What is done instead when the outcome, a retry, cannot be carried out after all. */
  otherwise(): Promise<Outcome>;
}

/** What a fallback is asked with; the rest a judgement knows by itself. */
export interface Circumstances {
  readonly attempt: number;
  readonly released: number;
  /** Whether the caller could generate again. */
  readonly canRetry: boolean;
}

/** Asks the panel about each target and weighs what it says: moderators report, the policy decides. */
export function weighTargets(
  parts: JudgeParts,
  { context, signal, policy }: Case,
  targets: readonly Target[],
): Promise<Weighed>[] {
  const asked = parts.panel.ask(targets, { context, signal });
  return targets.map(async ({ segment: { path }, stage }, index) => {
    const opinions = (await asked[index]) ?? [];
    return opinions.length > 0
      ? weigh(path, stage, opinions, policy, parts.uncheckedPolicy)
      : sumUp({ path, unchecked: [{ path, reason: 'unsupported' }] }, parts.uncheckedPolicy);
  });
}

/**
 * The only road from content to outcome, for one stage of one attempt: panel, policy, fallback, events. Replies that
 * come at once hand in everything in one `read`; those that come piece by piece, window by window.
 */
export interface Judgement {
  /** Judges targets; what they amount to counts for the decision. Rejects only with the caller's abort. */
  read(targets: readonly Target[]): Promise<void>;
  /** What everything read so far amounts to. */
  readonly action: Action;
  /** Counts what is known from elsewhere. */
  add(known: readonly Known[]): void;
  /** Something could not even be read: nobody can have checked it. */
  unreadable(path: string): void;
  /** Names segments that were taken out of the request. */
  omit(paths: readonly string[]): void;
  /** The decision over everything read, without a fallback. Tells `flagged`. */
  decide(source?: Events['flagged']['source']): Promise<Decision>;
  /** The decision, and what the fallback makes of a block. */
  conclude(fallback: Fallback, circumstances: Circumstances): Promise<Ruling>;
}

export function createJudgement(parts: JudgeParts, subject: Case, stage: Stage): Judgement {
  const { uncheckedPolicy } = parts;
  const { context, signal } = subject;
  const weighed: Weighed[] = [];
  const targets = new Map<string, Target>();
  const omitted: { readonly path: string }[] = [];
  let isUnreadable = false;

  const decisionSoFar = (): Decision => {
    // Frozen, so that no listener and no fallback can change what another one sees.
    const all = <T>(of: (each: Weighed) => readonly T[]): readonly T[] =>
      Object.freeze(weighed.flatMap(of).map((each) => Object.freeze(each)));
    const decision: Decision = {
      id: `dec_${crypto.randomUUID()}`,
      stage,
      action: judgement.action,
      findings: all(({ findings }) => findings),
      unchecked: all(({ unchecked }) => unchecked),
      omitted: Object.freeze([...omitted]),
      verdicts: all(({ verdicts }) => verdicts),
      message: '',
      policyVersion: subject.policy.version,
    };
    return Object.freeze({ ...decision, message: messageFor(parts.message, decision, context) });
  };

  const refusedPaths = (decision: Decision): readonly string[] =>
    isUnreadable
      ? []
      : [...blocking(decision), ...decision.unchecked.filter(({ reason }) => uncheckedPolicy[reason] === 'block')].map(
          ({ path }) => path,
        );

  const askFallback = async (
    fallback: Fallback,
    decision: Decision,
    circumstances: Circumstances,
  ): Promise<Outcome> => {
    try {
      const answer = Promise.resolve(fallback.answer(decision, { stage, context, ...circumstances }));
      const outcome = await untilAborted(answer, signal);
      if (outcome.kind === 'release') return outcome;
      if (outcome.kind === 'retry' && circumstances.canRetry && isText(outcome.feedback)) return outcome;
      if (outcome.kind === 'reject' && isText(outcome.message)) return outcome;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    return { kind: 'reject' };
  };

  const judgement: Judgement = {
    async read(more) {
      for (const target of more) targets.set(target.segment.path, target);
      judgement.add(await untilAborted(Promise.all(weighTargets(parts, subject, more)), signal));
    },
    get action() {
      return strictest(weighed.map((each) => each.action));
    },
    add(known) {
      weighed.push(...known.map((each) => sumUp(each, uncheckedPolicy)));
    },
    unreadable(path) {
      isUnreadable = true;
      judgement.add([{ path, unchecked: [{ path, reason: 'failed' }] }]);
    },
    omit(paths) {
      omitted.push(...paths.map((path) => ({ path })));
    },
    async decide(source = 'guard') {
      const decision = decisionSoFar();
      if (decision.findings.some(({ action }) => action !== 'allow')) {
        const paths = new Set(decision.findings.map(({ path }) => path));
        const segments = [...targets.values()].map(({ segment }) => segment).filter(({ path }) => paths.has(path));
        const content = await capture(parts.captureContent, segments);
        parts.events.tell('flagged', { source, decision, context, ...(content && { content }) });
      }
      return decision;
    },
    async conclude(fallback, circumstances) {
      const decision = await judgement.decide();
      const isRetryable = stage === 'output' && isFlagged(decision) && circumstances.attempt <= fallback.retries;
      const answer = async (canRetry: boolean): Promise<Outcome> => {
        if (decision.action !== 'block') return { kind: 'release' };
        const asked = askFallback(fallback, decision, { ...circumstances, canRetry });
        return fallback.waits ? asked : { kind: 'release' };
      };
      return {
        decision,
        outcome: await answer(isRetryable && circumstances.canRetry),
        paths: refusedPaths(decision),
        otherwise: () => answer(false),
      };
    },
  };
  return judgement;
}
