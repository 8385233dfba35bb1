import { isObject } from '../is.ts';
import { attempt } from '../attempt.ts';
import type { Decision } from '../policy/decision.ts';
import { isRefusal, markRefusal } from '../refusals.ts';
import type { ChatAdapter, Refusal } from './adapter.ts';
import { judgeOutput, next, tellProviderBlocks } from './attempts.ts';
import type { Call } from './call.ts';
import type { Generate } from './generation.ts';
import { open, refusalFor } from './opening.ts';
import type { Segment } from './segment.ts';
import { inScope } from './turns.ts';

/** What a guarded call brought. */
export interface Guarded<Reply, C extends string = string> {
  /** The reply, or the refusal in its place. */
  readonly reply: Reply;
  readonly delivery: 'delivered' | 'refused';
  /** What this guard refused, and why; absent also where it passed on the refusal of another. */
  readonly refusal?: Refusal;
  /** Absent where nothing waited for it, as with `log()`. */
  readonly input?: Decision<C>;
  readonly output?: Decision<C>;
}

type ReplyAdapter<Request, Reply> = Pick<
  ChatAdapter<Request, Reply, never>,
  | 'readRequest'
  | 'rewriteRequest'
  | 'isProviderBlock'
  | 'bringsVerdicts'
  | 'addFeedback'
  | 'readReply'
  | 'refuse'
  | 'addUsage'
>;

/** A call whose reply comes at once. */
export async function guardReply<Request, Reply>(
  call: Call,
  adapter: ReplyAdapter<Request, Reply>,
  request: Request,
  generate: Generate<Request, Reply>,
): Promise<Guarded<Reply>> {
  try {
    call.start();
    const opening = await open(call, adapter, request, generate);
    if ('refusal' in opening) return refuse(call, adapter, opening.request, opening.refusal, undefined);
    return await deliver(call, adapter, opening.request, opening.result, generate);
  } catch (error) {
    throw call.settleWith(error);
  }
}

/** Judges generation after generation until one is delivered or refused. */
export async function deliver<Request, Reply>(
  call: Call,
  adapter: ReplyAdapter<Request, Reply>,
  request: Request,
  first: Reply,
  generate: Generate<Request, Reply>,
): Promise<Guarded<Reply>> {
  let reply = first;
  for (;;) {
    if (isRefusal(reply)) return end(call, reply, 'refused'); // another guard's: judged, and nothing of the model's is left in it
    const reading = attempt(() => adapter.readReply(reply));
    const generation = call.attempts;
    call.used(reading?.usage);
    await tellProviderBlocks(call, reading?.providerBlocks);
    const judged = judgeOutput(call, adapter, request, reading?.segments, reading?.verdicts);
    if (!call.parts.fallbacks.output.waits) {
      call.beside(judged);
      return end(call, reply, 'delivered');
    }
    const ruling = await judged;
    const then = await next(call, adapter, request, ruling, generate);
    if ('result' in then) {
      reply = then.result;
      continue;
    }
    if (then.outcome.kind === 'release') {
      if (isClean(ruling.decision)) noteReleased(call, reading?.segments ?? []);
      const others = call.usedBeside(generation);
      return end(call, others && reading ? adapter.addUsage(reply, others) : reply, 'delivered');
    }
    const refusal = refusalFor(call, { ...ruling, outcome: then.outcome });
    return refuse(call, adapter, request, refusal, reading ? reply : undefined);
  }
}

function isClean({ action, unchecked }: Decision): boolean {
  return action === 'allow' && unchecked.length === 0;
}

/** Makes a reply known to a guard around this call. */
function noteReleased({ parts: { released, scopes }, policy }: Call, segments: readonly Segment[]): void {
  if (!released.isAsked) return;
  const judged = inScope({ role: 'assistant', path: 'reply', segments }, scopes);
  for (const { kind, text } of judged.segments) if (text) released.note({ policy, kind }, text);
}

function refuse<Request, Reply>(
  call: Call,
  adapter: ReplyAdapter<Request, Reply>,
  request: Request,
  refusal: Refusal,
  reply: Reply | undefined,
): Guarded<Reply> {
  const refused = adapter.refuse(request, refusal, reply);
  // Of several choices those that were not refused are the model's: a guard around this one has to judge them.
  const isWhole =
    reply === undefined ||
    (attempt(() => adapter.readReply(refused))?.segments ?? []).every(({ text }) => text === refusal.message);
  if (isWhole && isObject(refused)) markRefusal(refused);
  return { ...end(call, refused, 'refused'), refusal };
}

function end<Reply>(call: Call, reply: Reply, delivery: Guarded<Reply>['delivery']): Guarded<Reply> {
  call.settle(delivery);
  return { reply, delivery, ...call.decisions };
}
