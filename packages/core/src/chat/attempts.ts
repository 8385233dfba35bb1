import { attempt } from '../attempt.ts';
import type { Ruling } from '../judge.ts';
import type { Outcome } from '../fallback/outcome.ts';
import type { ChatAdapter, ReplyReading } from './adapter.ts';
import type { Call } from './call.ts';
import { generateOnce, type Generate } from './generation.ts';
import type { Decision } from '../policy/decision.ts';

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
      return { result: await generateOnce(call, improved, generate).result };
    } catch (error) {
      if (call.signal.aborted) throw error;
    }
  }
  const outcome = await ruling.otherwise();
  return { outcome: outcome.kind === 'retry' ? { kind: 'reject' } : outcome };
}

/** Tells that the provider's own content filter took something away. */
export function tellProviderBlocks(call: Call, { providerBlocks = [] }: Pick<ReplyReading, 'providerBlocks'>): void {
  if (providerBlocks.length === 0) return;
  const decision: Decision = {
    id: `dec_${crypto.randomUUID()}`,
    stage: 'output',
    action: 'block',
    findings: providerBlocks.map((path) => ({ category: '*', action: 'block', moderator: 'provider', path })),
    unchecked: [],
    omitted: [],
    verdicts: [],
    message: '',
    policyVersion: call.policy.version,
  };
  call.parts.events.tell('flagged', { source: 'provider', decision, context: call.context });
}
