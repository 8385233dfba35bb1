import { attempt } from './attempt.ts';
import type { ChatAdapter } from './chat/adapter.ts';
import type { Call } from './chat/call.ts';
import { withoutBlocked } from './chat/opening.ts';
import { divide } from './chat/turns.ts';
import type { Decision } from './policy/decision.ts';

/** What an adapter needs to be able to do for `clean`. */
export type HistoryAdapter<Request> = Pick<ChatAdapter<Request, never, never>, 'readRequest' | 'rewriteRequest'>;

/** A chat without what the policy would block in its older turns. */
export interface Cleaned<Request, C extends string = string> {
  /** The very request that was handed in where nothing was taken out. */
  readonly request: Request;
  /** What is left in the older turns: `omitted` lists what was taken out, and `block` says that something could not be. */
  readonly decision: Decision<C>;
}

/** Applies the rule of older turns by itself: nothing new is judged, and nothing is generated. */
export async function cleanHistory<Request>(
  call: Call,
  adapter: HistoryAdapter<Request>,
  request: Request,
): Promise<Cleaned<Request>> {
  try {
    call.start();
    const judgement = call.judgement('input');
    const reading = attempt(() => adapter.readRequest(request));
    if (!reading) judgement.unreadable('request');
    const { older } = divide(reading?.messages ?? [], call.parts.scopes);
    const cleaned = await withoutBlocked(call, judgement, adapter, request, reading, { older, replaceable: [] });
    const decision = await judgement.decide();
    call.decided('input', decision);
    call.settle('delivered');
    return { request: cleaned, decision };
  } catch (error) {
    throw call.settleWith(error);
  }
}
