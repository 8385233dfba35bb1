import { untilAborted } from './abort.ts';
import { capture } from './capture.ts';
import type { EventHub, Events } from './events.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { Outcome } from './fallback/outcome.ts';
import { messageFor, type MessageOption } from './messages.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import type { Panel, Target } from './moderation/panel.ts';
import type { CaptureContent } from './options.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import { weigh, weighUnchecked, type UncheckedPolicy, type Weighed } from './policy/decide.ts';
import { isFlagged, strictest, type Action, type Decision } from './policy/decision.ts';

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
      : weighUnchecked({ path, reason: 'unsupported' }, parts.uncheckedPolicy);
  });
}

/**
 * The only road from content to outcome, for one stage of one attempt: panel, policy, fallback, events. Replies that
 * come at once hand in everything in one `read`; those that come piece by piece, window by window.
 */
export class Judgement {
  readonly #parts: JudgeParts;
  readonly #case: Case;
  readonly #stage: Stage;
  readonly #weighed: Weighed[] = [];
  readonly #targets = new Map<string, Target>();
  readonly #omitted: { readonly path: string }[] = [];
  #isUnreadable = false;

  constructor(parts: JudgeParts, subject: Case, stage: Stage) {
    this.#parts = parts;
    this.#case = subject;
    this.#stage = stage;
  }

  /** Judges targets; what they amount to counts for the decision. Rejects only with the caller's abort. */
  async read(targets: readonly Target[]): Promise<void> {
    for (const target of targets) this.#targets.set(target.segment.path, target);
    this.add(await untilAborted(Promise.all(weighTargets(this.#parts, this.#case, targets)), this.#case.signal));
  }

  /** What everything read so far amounts to. */
  get action(): Action {
    return this.#weighed.reduce<Action>((action, each) => strictest(action, each.action), 'allow');
  }

  /** Counts what was weighed elsewhere. */
  add(weighed: readonly Weighed[]): void {
    this.#weighed.push(...weighed);
  }

  /** Something could not even be read: nobody can have checked it. */
  unreadable(path: string): void {
    this.#isUnreadable = true;
    this.add([weighUnchecked({ path, reason: 'failed' }, this.#parts.uncheckedPolicy)]);
  }

  /** Names segments that were taken out of the request. */
  omit(paths: readonly string[]): void {
    this.#omitted.push(...paths.map((path) => ({ path })));
  }

  /** The decision over everything read, without a fallback. Tells `flagged`. */
  async decide(source: Events['flagged']['source'] = 'guard'): Promise<Decision> {
    const decision = this.#decision();
    if (decision.findings.some(({ action }) => action !== 'allow')) await this.#tellFlagged(decision, source);
    return decision;
  }

  /** The decision, and what the fallback makes of a block. */
  async conclude(fallback: Fallback, circumstances: Circumstances): Promise<Ruling> {
    const decision = await this.decide();
    const isRetryable = this.#stage === 'output' && isFlagged(decision) && circumstances.attempt <= fallback.retries;
    const answer = (canRetry: boolean): Promise<Outcome> =>
      decision.action === 'block'
        ? this.#answer(fallback, decision, { ...circumstances, canRetry })
        : Promise.resolve({ kind: 'release' });
    return {
      decision,
      outcome: await answer(isRetryable && circumstances.canRetry),
      paths: this.#refusedPaths(decision),
      otherwise: () => answer(false),
    };
  }

  async #answer(fallback: Fallback, decision: Decision, circumstances: Circumstances): Promise<Outcome> {
    const { context, signal } = this.#case;
    try {
      const answer = Promise.resolve(fallback.answer(decision, { stage: this.#stage, context, ...circumstances }));
      const outcome = await untilAborted(answer, signal);
      if (
        outcome.kind === 'release' ||
        (outcome.kind === 'retry' && circumstances.canRetry && typeof outcome.feedback === 'string')
      )
        return outcome;
      return outcome.kind === 'reject' && typeof outcome.message === 'string' ? outcome : { kind: 'reject' };
    } catch (error) {
      if (signal.aborted) throw error;
      return { kind: 'reject' };
    }
  }

  #decision(): Decision {
    const decision: Decision = {
      id: `dec_${crypto.randomUUID()}`,
      stage: this.#stage,
      action: this.action,
      findings: Object.freeze(
        this.#weighed.flatMap(({ findings }) => findings.map((finding) => Object.freeze(finding))),
      ),
      unchecked: Object.freeze(this.#weighed.flatMap(({ unchecked }) => unchecked.map((each) => Object.freeze(each)))),
      omitted: Object.freeze([...this.#omitted]),
      verdicts: Object.freeze(this.#weighed.flatMap(({ verdicts }) => verdicts.map((each) => Object.freeze(each)))),
      message: '',
      policyVersion: this.#case.policy.version,
    };
    // Frozen, so that no listener and no fallback can change what another one sees.
    return Object.freeze({ ...decision, message: messageFor(this.#parts.message, decision, this.#case.context) });
  }

  #refusedPaths({ findings, unchecked }: Decision): readonly string[] {
    if (this.#isUnreadable) return [];
    const { uncheckedPolicy } = this.#parts;
    return [
      ...findings.filter(({ action }) => action === 'block'),
      ...unchecked.filter(({ reason }) => uncheckedPolicy[reason] === 'block'),
    ].map(({ path }) => path);
  }

  async #tellFlagged(decision: Decision, source: Events['flagged']['source']): Promise<void> {
    const paths = new Set(decision.findings.map(({ path }) => path));
    const segments = [...this.#targets.values()].map(({ segment }) => segment).filter(({ path }) => paths.has(path));
    const content = await capture(this.#parts.captureContent, segments);
    const event = { source, decision, context: this.#case.context };
    this.#parts.events.tell('flagged', content ? { ...event, content } : event);
  }
}
