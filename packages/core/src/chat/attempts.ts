import { attempt } from '../attempt.ts';
import type { Ruling } from '../judge.ts';
import type { Stage } from '../moderation/moderator.ts';
import type { Outcome } from '../fallback/outcome.ts';
import type { ChatAdapter, OwnVerdicts } from './adapter.ts';
import type { Call } from './call.ts';
import { generateOnce, type Generate } from './generation.ts';
import type { Message, Segment } from './segment.ts';
import { inScope, targetsOf } from './turns.ts';

/** What comes after a judged attempt: another one, whose result is there, or an outcome that ends the call. */
export type Next<Result> =
  | { readonly result: Result }
  | { readonly outcome: Exclude<Outcome, { readonly kind: 'retry' }> };

/** Carries out what a ruling says as far as it means to generate again; what cannot be carried out takes `otherwise`. */
export async function next<Request, Result>(
  call: Call,
  adapter: Pick<ChatAdapter<Request, never, never>, 'addFeedback'>,
  request: Request,
  ruling: Ruling,
  generate: Generate<Request, Result>,
): Promise<Next<Result>> {
  if (ruling.outcome.kind !== 'retry') return { outcome: ruling.outcome };
  const { feedback } = ruling.outcome;
  const improved = attempt(() => adapter.addFeedback(request, feedback));
  if (improved !== undefined) {
    call.parts.events.tell('retried', { decision: ruling.decision, attempt: call.attempts, context: call.context });
    try {
      return { result: await generateOnce(call, improved, generate) };
    } catch (error) {
      if (call.signal.aborted) throw error;
    }
  }
  const outcome = await ruling.otherwise();
  return { outcome: outcome.kind === 'retry' ? { kind: 'reject' } : outcome };
}

/**
 * Judges what one generation brought: the same for replies that came at once and for those that came piece by piece.
 * @param segments undefined: it could not be read
 */
export async function judgeOutput<Request>(
  call: Call,
  adapter: Pick<ChatAdapter<Request, never, never>, 'readRequest'>,
  request: Request,
  segments: readonly Segment[] | undefined,
  own?: OwnVerdicts,
): Promise<Ruling> {
  call.tellOwn(own);
  const { fallbacks, scopes } = call.parts;
  const judgement = call.judgement('output', fallbacks.output.waits);
  if (segments) {
    const message = inScope({ role: 'assistant', path: 'reply', segments }, scopes);
    await judgement.read(targetsOf(message, 'output', earlierTurns(call, adapter, request)), own?.output);
  } else judgement.unreadable('reply');
  const ruling = await judgement.conclude(fallbacks.output, { attempt: call.attempts, released: 0, canRetry: true });
  call.decided('output', ruling.decision);
  return ruling;
}

/** The turns that a reply answers, as far as they are to be judged. */
export function earlierTurns<Request>(
  { parts: { scopes } }: Call,
  adapter: Pick<ChatAdapter<Request, never, never>, 'readRequest'>,
  request: Request,
): () => readonly Message[] {
  return () => (attempt(() => adapter.readRequest(request))?.messages ?? []).map((each) => inScope(each, scopes));
}

/** Tells that the provider's own content filter took something away. */
export async function tellProviderBlocks(
  call: Call,
  paths: readonly string[] = [],
  stage: Stage = 'output',
): Promise<void> {
  if (paths.length === 0) return;
  const judgement = call.judgement(stage);
  judgement.add(
    paths.map((path) => ({ path, findings: [{ category: '*', action: 'block', moderator: 'provider', path }] })),
  );
  await judgement.decide('provider');
}
