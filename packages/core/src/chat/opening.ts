import { untilAborted } from '../abort.ts';
import { attempt } from '../attempt.ts';
import { weighTargets, type Judgement, type Ruling } from '../judge.ts';
import type { Target } from '../moderation/items.ts';
import { isFlagged } from '../policy/decision.ts';
import type { UncheckedPolicy, Weighed } from '../policy/decide.ts';
import type { ChatAdapter, OwnVerdicts, Refusal, RequestReading } from './adapter.ts';
import { tellProviderBlocks } from './attempts.ts';
import type { Call } from './call.ts';
import { generateEarly, generateOnce, type Generate } from './generation.ts';
import type { Segment } from './segment.ts';
import { divide, editsFor, isToolResult, type Turns } from './turns.ts';

/** What only the request's side of an adapter is needed for. */
type RequestAdapter<Request> = Pick<
  ChatAdapter<Request, never, never>,
  'readRequest' | 'rewriteRequest' | 'isProviderBlock' | 'bringsVerdicts'
>;

/** A call whose input has been judged: a first result is there, or a refusal. */
export type Opening<Request, Result> =
  | { readonly request: Request; readonly result: Result }
  | { readonly request: Request; readonly refusal: Refusal };

/**
 * Judges the input and begins the first generation: after the verdict, beside it, or without waiting for one, as the
 * guard says. With a refusal nothing of a generation that had begun will be seen.
 */
export async function open<Request, Result>(
  call: Call,
  adapter: RequestAdapter<Request>,
  request: Request,
  generate: Generate<Request, Result>,
): Promise<Opening<Request, Result>> {
  const { fallbacks, scopes, timing } = call.parts;
  const reading = attempt(() => adapter.readRequest(request));
  const turns = divide(reading?.messages ?? [], scopes);
  const judgement = call.judgement('input', fallbacks.input.waits);
  if (!reading) judgement.unreadable('request');

  const told = (first: Promise<Result>): Promise<Result> =>
    first.catch(async (error: unknown) => {
      if (adapter.isProviderBlock?.(error)) await tellProviderBlocks(call, ['request'], 'input');
      throw error;
    });

  if (!fallbacks.input.waits) {
    const own = adapter.bringsVerdicts?.(request) === true ? call.own : undefined;
    call.beside(readBeside(judgement, turns.fresh, own).then(() => conclude(call, judgement)));
    return { request, result: await told(generateOnce(call, request, generate)) };
  }

  const { replaceable, rest } = byWhatABlockMeans(call, turns.fresh);
  const fresh = judgement.read(rest);
  fresh.catch(() => {}); // an abort is met again below
  const sent = await withoutBlocked(call, judgement, adapter, request, reading, { older: turns.older, replaceable });
  // What may be replaced is known now: the model never sees what the policy would block of it, whatever the timing.
  const isBeside = timing === 'during' && reading !== undefined && !reading.actsAtOnce && judgement.action !== 'block';
  const early = isBeside ? generateEarly(call, sent, generate) : undefined;
  const ruling = await fresh
    .then(() => conclude(call, judgement))
    .catch((error: unknown) => {
      early?.cancel();
      throw error;
    });
  if (ruling.outcome.kind === 'release')
    return { request: sent, result: await told(early?.result ?? generateOnce(call, sent, generate)) };
  early?.cancel();
  return { request: sent, refusal: refusalFor(call, ruling) };
}

async function readBeside(
  judgement: Judgement,
  targets: readonly Target[],
  own: Promise<OwnVerdicts | undefined> | undefined,
): Promise<void> {
  await judgement.read(targets, (await own)?.input);
}

/** What a ruling says to the caller of a call. */
export function refusalFor(
  call: Call,
  { decision, outcome, paths }: Pick<Ruling, 'decision' | 'outcome' | 'paths'>,
): Refusal {
  const message = (outcome.kind === 'reject' ? outcome.message : undefined) ?? decision.message;
  if (call.parts.released.isAsked) call.parts.released.note({ policy: call.policy }, message, true);
  return {
    stage: decision.stage,
    decision,
    message,
    cause: isFlagged(decision) ? 'flagged' : 'unchecked',
    paths: decision.stage === 'input' ? [] : paths,
    usage: call.usage,
  };
}

async function conclude(call: Call, judgement: Judgement): Promise<Ruling> {
  const ruling = await judgement.conclude(call.parts.fallbacks.input, { attempt: 0, released: 0, canRetry: false });
  call.decided('input', ruling.decision);
  return ruling;
}

/** Divides what is new into what is replaced when it is blocked, and what ends the call. */
function byWhatABlockMeans(
  { parts: { toolOutput } }: Call,
  fresh: readonly Target[],
): { readonly replaceable: readonly Target[]; readonly rest: readonly Target[] } {
  if (toolOutput === 'block') return { replaceable: [], rest: fresh };
  const replaceable = fresh.filter(({ segment }) => isToolResult(segment));
  return { replaceable, rest: fresh.filter((target) => !replaceable.includes(target)) };
}

/**
 * The request without what the policy would block in older turns, and without the answers that it got: they neither
 * block again nor reach the model. Nor does what is replaceable of the new ones. Where the request may not be rewritten,
 * they block.
 */
export async function withoutBlocked<Request>(
  call: Call,
  judgement: Judgement,
  adapter: Pick<RequestAdapter<Request>, 'rewriteRequest'>,
  request: Request,
  reading: RequestReading | undefined,
  turns: Pick<Turns, 'older'> & { readonly replaceable: readonly Target[] },
): Promise<Request> {
  const { fallbacks, uncheckedPolicy, toolOutput } = call.parts;
  // A stage that only logs takes nothing out.
  const older = turns.older.filter(({ stage }) => fallbacks[stage].waits);
  const [{ blocked, paths }, replaceable] = await Promise.all([
    judgeOlder(call, judgement, older),
    judgement.read(turns.replaceable),
  ]);
  const replaced = replaceable.filter((each) => isLastingBlock(each, uncheckedPolicy)).map(({ path }) => path);
  const taken = new Set([...paths, ...replaced]);
  if (!reading || taken.size === 0) return request;
  const keepsAnswer = (segment: Segment): boolean => toolOutput === 'replace' && isToolResult(segment);
  const edits = editsFor(reading.messages, taken, keepsAnswer);
  const rewritten = attempt(() => adapter.rewriteRequest(request, edits));
  if (rewritten === undefined) {
    judgement.add(blocked);
    return request;
  }
  judgement.omit(edits.map(({ path }) => path));
  return rewritten;
}

/**
 * Judges older turns. What the policy would block in them is given back; what is left in place stays unchecked, if it
 * is, in every decision that it travels along with.
 */
export async function judgeOlder(
  call: Call,
  judgement: Judgement,
  older: readonly Target[],
): Promise<{ readonly blocked: readonly Weighed[]; readonly paths: readonly string[] }> {
  const { uncheckedPolicy } = call.parts;
  const weighed = await untilAborted(Promise.all(weighTargets(call.parts, call, older)), call.signal);
  const blocked = weighed.filter((each) => isLastingBlock(each, uncheckedPolicy));
  const left = weighed.filter((each) => !blocked.includes(each));
  // Findings are not told a second time.
  judgement.add(left.map(({ path, unchecked }) => ({ path, unchecked })));
  return { blocked, paths: blocked.map(({ path }) => path) };
}

/** Blocked, and not for nothing but a moderator that failed: that may be judged next time, so nothing is taken out for it. */
function isLastingBlock(weighed: Weighed, { failed }: UncheckedPolicy): boolean {
  const isPassing =
    !isFlagged(weighed) && failed === 'block' && weighed.unchecked.some(({ reason }) => reason === 'failed');
  return weighed.action === 'block' && !isPassing;
}
