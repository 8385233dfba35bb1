import { createGuard, reject, retry, type Decision, type Events, type Guard } from '@chaperone/core';
import { guardOpenAI } from '@chaperone/openai';
import { rulesOf } from '../policy.ts';
import type { Service } from '../service.ts';
import type { Conversation } from './read-lines.ts';
import { numbered } from './script.ts';
import { startStopwatch, type Latency } from './stopwatch.ts';

/** What came of one line. */
export interface Result {
  readonly number: number;
  readonly latency: Latency;
  readonly input: Decision | undefined;
  /** The last one, where the model was asked again. */
  readonly output: Decision | undefined;
  /** Of the generations that were discarded. */
  readonly discarded: readonly Decision[];
  /** Generations. */
  readonly attempts: number;
  /** The name of what the client threw instead of giving a completion. */
  readonly error?: string;
}

/** How many lines are under way at a time. */
const CONCURRENCY = 8;

export const FALLBACK_IN_WORDS = 'input: reject(); output: retry({ maxRetries: 1, otherwise: reject() })';

/** Runs every conversation through the real client and one guard; results in the order of the lines. */
export async function run(
  service: Service,
  conversations: readonly Conversation[],
  done: () => void,
): Promise<readonly Result[]> {
  const guard = createGuard({
    moderators: service.moderators,
    policy: { categories: rulesOf(service.tiers) },
    fallback: reject(),
    output: { fallback: retry({ maxRetries: 1, otherwise: reject() }) },
  });
  const told = listen(guard);
  const results: Result[] = [];
  const queue = conversations.entries();
  const work = async (): Promise<void> => {
    // One iterator for all workers: each takes the next line when it is free.
    for (const [index, conversation] of queue) {
      const requestId = String(conversation.number);
      const ran = await runOne(service, guard.with({ requestId }), conversation);
      results[index] = { number: conversation.number, ...ran, ...told(requestId) };
      done();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await guard.idle();
  return results;
}

async function runOne(
  { client, model, server }: Service,
  guard: Guard,
  { number, messages }: Conversation,
): Promise<Pick<Result, 'latency' | 'error'>> {
  const stopwatch = startStopwatch();
  const openai = guardOpenAI(client.withOptions({ fetch: stopwatch.fetch }), guard);
  try {
    await openai.chat.completions.create({ model, messages: [...messages], ...(server && numbered(number)) });
    return { latency: stopwatch.stop() };
  } catch (error) {
    // The name alone: a service may quote the request in its message.
    return { latency: stopwatch.stop(), error: error instanceof Error ? error.constructor.name : typeof error };
  }
}

/** Gathers by request what a guard tells: every call has settled when its client has its answer. */
function listen(guard: Guard): (requestId: string) => Pick<Result, 'input' | 'output' | 'discarded' | 'attempts'> {
  const settled = new Map<string, Events['settled']>();
  const discarded = new Map<string, Decision[]>();
  const blockedByProvider = new Map<string, Decision>();
  guard.on('retried', ({ decision, context: { requestId = '' } }) => {
    discarded.set(requestId, [...(discarded.get(requestId) ?? []), decision]);
  });
  guard.on('flagged', ({ source, decision, context: { requestId = '' } }) => {
    if (source === 'provider') blockedByProvider.set(requestId, decision);
  });
  guard.on('settled', (event) => void settled.set(event.context.requestId ?? '', event));
  return (requestId) => {
    const event = settled.get(requestId);
    return {
      input: event?.input,
      output: blockedByProvider.get(requestId) ?? event?.output,
      discarded: discarded.get(requestId) ?? [],
      attempts: event?.attempts ?? 0,
    };
  };
}
