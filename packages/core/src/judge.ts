import { untilAborted } from './abort.ts';
import { capture } from './capture.ts';
import type { EventHub, Events } from './events.ts';
import type { Fallback } from './fallback/fallback.ts';
import type { Outcome } from './fallback/outcome.ts';
import { isText } from './is.ts';
import { getOrAdd } from './look-up.ts';
import { messageFor, type LocalizedText, type MessageOption } from './messages.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import type { Target } from './moderation/items.ts';
import { mergeVerdicts, type PieceVerdict } from './moderation/pieces.ts';
import { isJudged, type Span, type Verdict } from './moderation/verdict.ts';
import type { Panel } from './moderation/panel.ts';
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
  readonly helpLines: LocalizedText | undefined;
  readonly captureContent: CaptureContent;
  /** A policy that is only told about. */
  readonly shadow: CompiledPolicy | undefined;
}

/** Whose call is judged, and under which policy. */
export interface Case {
  readonly context: CallContext;
  readonly signal: AbortSignal;
  readonly policy: CompiledPolicy;
  /** Whether somebody waits for what comes of it. */
  readonly isAwaited: boolean;
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
  { context, signal, policy, isAwaited }: Case,
  targets: readonly Target[],
  own?: Verdict,
): Promise<Weighed>[] {
  const asked = parts.panel.ask(targets, { context, signal, isAwaited, own });
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
export class Judgement {
  readonly #parts: JudgeParts;
  readonly #case: Case;
  readonly #stage: Stage;
  readonly #weighed: Weighed[] = [];
  readonly #targets = new Map<string, Target>();
  /** What was said of texts that were judged window by window. */
  readonly #pieces = new Map<string, readonly PieceVerdict[]>();
  /** How many windows there were, and how many of them each moderator judged. */
  readonly #windows = new Map<string, { count: number; readonly judged: Map<string, number> }>();
  /** Texts and media that no moderator covers. */
  readonly #uncovered = new Set<string>();
  readonly #omitted: { readonly path: string }[] = [];
  #isUnreadable = false;

  constructor(parts: JudgeParts, subject: Case, stage: Stage) {
    this.#parts = parts;
    this.#case = subject;
    this.#stage = stage;
  }

  /**
   * Judges targets; what they amount to counts for the decision. Rejects only with the caller's abort.
   * @param own what the provider itself found
   */
  async read(targets: readonly Target[], own?: Verdict): Promise<readonly Weighed[]> {
    for (const target of targets) this.#targets.set(target.segment.path, target);
    const weighed = await untilAborted(
      Promise.all(weighTargets(this.#parts, this.#case, targets, own)),
      this.#case.signal,
    );
    this.add(weighed);
    return weighed;
  }

  /**
   * Judges one window of a text that comes piece by piece, and says what it amounts to by itself. What is decided is
   * decided over all windows of the text. Rejects only with the caller's abort.
   * @param isAwaited whether text waits for it to leave
   * @param signal ends the waiting, where the reply is not wanted any longer
   */
  async readWindow(target: Target, span: Span, isAwaited: boolean, signal: AbortSignal): Promise<Action> {
    const { context, policy } = this.#case;
    const { path } = target.segment;
    const windows = getOrAdd(this.#windows, path, () => ({ count: 0, judged: new Map<string, number>() }));
    windows.count += 1; // also while it is being judged: nobody has judged all of the text before
    const [asked] = this.#parts.panel.ask([target], { context, signal, isAwaited });
    const opinions = (await (asked && untilAborted(asked, signal))) ?? [];
    if (opinions.length === 0) {
      if (!this.#uncovered.has(path)) this.add([{ path, unchecked: [{ path, reason: 'unsupported' }] }]);
      this.#uncovered.add(path);
      return this.#parts.uncheckedPolicy.unsupported;
    }
    // One that stands alone and in a composite says something twice: it judged the window if it did each time.
    for (const [moderator, said] of Map.groupBy(opinions, (verdict) => verdict.moderator))
      if (said.every(isJudged)) windows.judged.set(moderator, (windows.judged.get(moderator) ?? 0) + 1);
    const known = this.#pieces.get(path) ?? [];
    const pieces = [...known, ...opinions.map((verdict) => ({ verdict, span }))];
    this.#pieces.set(
      path,
      mergeVerdicts(pieces).map((verdict) => ({ verdict, span })),
    );
    const { action } = weigh(path, this.#stage, opinions, policy, this.#parts.uncheckedPolicy);
    if (action !== 'allow' || known.length === 0) this.#targets.set(path, target);
    return action;
  }

  /** What was said of a text that was judged window by window, by those who judged every window of it. */
  verdictsOn(path: string): readonly Verdict[] {
    const windows = this.#windows.get(path);
    return (this.#pieces.get(path) ?? [])
      .map(({ verdict }) => verdict)
      .filter(({ moderator }) => windows?.judged.get(moderator) === windows?.count);
  }

  /** What everything read so far amounts to, but for what was taken out. */
  get action(): Action {
    return this.#strictest(this.#all());
  }

  /** Whether all that was read so far was checked, and nothing was found. */
  get isClean(): boolean {
    return this.#all().every(({ action, unchecked }) => action === 'allow' && unchecked.length === 0);
  }

  #strictest(all: readonly Weighed[]): Action {
    const omitted = new Set(this.#omitted.map(({ path }) => path));
    return strictest(all.map(({ path, action }) => (omitted.has(path) ? 'allow' : action)));
  }

  #all(): readonly Weighed[] {
    const { policy } = this.#case;
    const windows = [...this.#pieces].map(([path, pieces]) => {
      const verdicts = pieces.map(({ verdict }) => ({ ...verdict, path }));
      return weigh(path, this.#stage, verdicts, policy, this.#parts.uncheckedPolicy);
    });
    return [...this.#weighed, ...windows];
  }

  /** Counts what is known from elsewhere. */
  add(known: readonly Known[]): void {
    for (const each of known) this.#weighed.push(sumUp(each, this.#parts.uncheckedPolicy));
  }

  /** Something could not even be read, or is too much: nobody can have checked it. */
  unreadable(path: string, reason: 'failed' | 'too-large' = 'failed'): void {
    this.#isUnreadable = true;
    this.add([{ path, unchecked: [{ path, reason }] }]);
  }

  /** Names segments that were taken out of the request: they block nothing. */
  omit(paths: readonly string[]): void {
    for (const path of paths) this.#omitted.push({ path });
  }

  /** The decision over everything read, without a fallback. Tells `flagged`. */
  async decide(source: Events['flagged']['source'] = 'guard', released?: number): Promise<Decision> {
    const decision = this.#decision();
    if (decision.findings.some(({ action }) => action !== 'allow')) {
      const paths = new Set(decision.findings.map(({ path }) => path));
      const segments = [...this.#targets.values()].map(({ segment }) => segment).filter(({ path }) => paths.has(path));
      const content = await capture(this.#parts.captureContent, segments);
      const { context } = this.#case;
      this.#parts.events.tell('flagged', {
        source,
        decision,
        context,
        ...(released !== undefined && { released }),
        ...(content && { content }),
      });
    }
    this.#tellShadow(decision);
    return decision;
  }

  /** What the shadow policy makes of the same verdicts. What nobody has judged is to it what it is to the policy. */
  #tellShadow(decision: Decision): void {
    const { shadow: policy, uncheckedPolicy, events } = this.#parts;
    if (!policy) return;
    const all = this.#all().map((each) =>
      each.verdicts.length > 0 ? weigh(each.path, this.#stage, each.verdicts, policy, uncheckedPolicy) : each,
    );
    const action = strictest(all.map((each) => each.action));
    if (action === 'allow' && decision.action === 'allow') return;
    const shadow = { action, findings: frozen(all.flatMap(({ findings }) => findings)), policyVersion: policy.version };
    events.tell('shadowed', { shadow: Object.freeze(shadow), decision, context: this.#case.context });
  }

  /** The decision, and what the fallback makes of a block. */
  async conclude(fallback: Fallback, circumstances: Circumstances): Promise<Ruling> {
    const decision = await this.decide('guard', circumstances.released);
    const isRetryable = this.#stage === 'output' && isFlagged(decision) && circumstances.attempt <= fallback.retries;
    const answer = async (canRetry: boolean): Promise<Outcome> => {
      if (decision.action !== 'block') return { kind: 'release' };
      const asked = this.#ask(fallback, decision, { ...circumstances, canRetry });
      return fallback.waits ? asked : { kind: 'release' };
    };
    return {
      decision,
      outcome: await answer(isRetryable && circumstances.canRetry),
      paths: this.#refusedPaths(decision),
      otherwise: () => answer(false),
    };
  }

  async #ask(fallback: Fallback, decision: Decision, circumstances: Circumstances): Promise<Outcome> {
    const { context, signal } = this.#case;
    try {
      const answer = Promise.resolve(fallback.answer(decision, { stage: this.#stage, context, ...circumstances }));
      const outcome = await untilAborted(answer, signal);
      if (outcome.kind === 'release') return outcome;
      if (outcome.kind === 'retry' && circumstances.canRetry && isText(outcome.feedback)) return outcome;
      if (outcome.kind === 'reject' && isText(outcome.message)) return outcome;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    return { kind: 'reject' };
  }

  #decision(): Decision {
    const all = this.#all();
    const decision: Decision = {
      id: `dec_${crypto.randomUUID()}`,
      stage: this.#stage,
      action: this.#strictest(all),
      findings: frozen(all.flatMap(({ findings }) => findings)),
      unchecked: frozen(all.flatMap(({ unchecked }) => unchecked)),
      omitted: frozen([...this.#omitted]),
      verdicts: frozen(all.flatMap(({ verdicts }) => verdicts)),
      message: '',
      policyVersion: this.#case.policy.version,
    };
    const { message, helpLines } = this.#parts;
    return Object.freeze({ ...decision, message: messageFor(message, decision, this.#case.context, helpLines) });
  }

  #refusedPaths(decision: Decision): readonly string[] {
    const { uncheckedPolicy } = this.#parts;
    if (this.#isUnreadable) return [];
    const unchecked = decision.unchecked.filter(({ reason }) => uncheckedPolicy[reason] === 'block');
    return [...blocking(decision), ...unchecked].map(({ path }) => path);
  }
}

/** So that no listener and no fallback can change what another one sees. */
function frozen<T>(list: readonly T[]): readonly T[] {
  list.forEach((each) => Object.freeze(each));
  return Object.freeze(list);
}
