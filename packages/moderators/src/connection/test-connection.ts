import {
  failed,
  type Ask,
  type CallContext,
  type Item,
  type Moderator,
  type Report,
  type Stage,
} from '@chaperone/core';
import type { Pinged } from './pinged.ts';

export interface TestConnectionOptions {
  /** How long each answer may take, in milliseconds. Default 10,000: a first answer takes longer than the next. */
  readonly deadline?: number;
  /** Whose call it is to be, for a moderator that has a key for each tenant. */
  readonly context?: CallContext;
  /** What is judged: something that nobody minds. Default: a sentence about the weather. */
  readonly text?: string;
}

/** What came of asking a moderator at one stage. */
export interface StageConnection {
  readonly status: Report['status'];
  /** Milliseconds. */
  readonly latency: number;
  /** The model that answered, where the service names it. */
  readonly model?: string;
  /** What the answer has beside its status. */
  readonly gives: readonly ('categories' | 'scores' | 'model' | 'responseId' | 'message')[];
  /** Categories that it sent and does not list: a policy rules them by `'*'`. */
  readonly unlisted: readonly string[];
  /** What is wrong, and what to do about it. Absent: nothing is. */
  readonly problem?: string;
}

/** Whether a moderator can be used as it is configured. */
export interface Connection {
  readonly moderator: string;
  readonly isWorking: boolean;
  readonly input: StageConnection;
  readonly output: StageConnection;
}

/**
 * Asks a moderator about one harmless text for each stage, before a configuration is saved. It costs what two requests
 * cost. Never rejects, and holds no key.
 */
export async function testConnection(
  moderator: Moderator & Partial<Pinged>,
  options: TestConnectionOptions = {},
): Promise<Connection> {
  const input = await tryStage(moderator, 'input', options);
  const output = await tryStage(moderator, 'output', options);
  const isWorking = input.problem === undefined && output.problem === undefined;
  return { moderator: moderator.name, isWorking, input, output };
}

async function tryStage(
  moderator: Moderator & Partial<Pinged>,
  stage: Stage,
  { deadline = 10_000, context, text = 'The weather is fine today.' }: TestConnectionOptions,
): Promise<StageConnection> {
  const signal = AbortSignal.timeout(deadline);
  const segment = { kind: 'text', role: stage === 'input' ? 'user' : 'assistant', path: 'test', text } as const;
  const item: Item = { segment, stage, message: [segment], conversation: [] };
  const options = { signal, ...(context && { context }) };
  const begun = performance.now();
  const unwell = await moderator.ping?.(options);
  const [report = failed('malformed')] = unwell ? [unwell] : await ask(moderator, [item], options);
  const latency = Math.round(performance.now() - begun);
  return { status: report.status, latency, ...describe(report, moderator), ...problem(report, signal, deadline) };
}

/** One moderator, and the members that it asks, without what a guard puts around them. */
async function ask(
  moderator: Moderator,
  items: readonly Item[],
  options: { readonly signal: AbortSignal; readonly context?: CallContext },
): Promise<readonly Report[]> {
  const askMember: Ask = async (member, asked) => {
    const reports = await member.moderate(asked, { ...options, ask: askMember }).catch(() => undefined);
    return asked.map((_, index) => ({ moderator: member.name, ...(reports?.[index] ?? failed('unavailable')) }));
  };
  const late = new Promise<readonly Report[]>((resolve) => {
    options.signal.addEventListener('abort', () => resolve([failed('timeout')]), { once: true });
  });
  const answer = moderator.moderate(items, { ...options, ask: askMember }).catch(() => [failed('unavailable')]);
  return Promise.race([answer, late]);
}

function describe(report: Report, { categories }: Moderator): Pick<StageConnection, 'model' | 'gives' | 'unlisted'> {
  if (report.status !== 'clear' && report.status !== 'flagged') return { gives: [], unlisted: [] };
  const { model, responseId, message, scores, flagged } = report;
  const named = [...new Set([...flagged, ...Object.keys(scores)])];
  return {
    ...(model !== undefined && { model }),
    gives: [
      ...(named.length > 0 ? (['categories'] as const) : []),
      ...(Object.keys(scores).length > 0 ? (['scores'] as const) : []),
      ...(model === undefined ? [] : (['model'] as const)),
      ...(responseId === undefined ? [] : (['responseId'] as const)),
      ...(message === undefined ? [] : (['message'] as const)),
    ],
    unlisted: named.filter((category) => !categories.includes(category)),
  };
}

const REASONS = {
  timeout: 'It did not answer in time.',
  unavailable: 'It cannot be reached.',
  malformed: 'It answers something else than its contract says.',
  refused: 'It did not accept the request.',
  denied: 'It did not let the request in.',
  quota: 'Its quota is used up.',
  aborted: 'It did not answer in time.',
} as const;

function problem(report: Report, { aborted }: AbortSignal, deadline: number): Pick<StageConnection, 'problem'> {
  if (report.status === 'unsupported') return { problem: `It does not judge plain text (${report.reason}).` };
  if (report.status === 'flagged') return { problem: 'It flags a harmless text: check its rules.' };
  if (report.status !== 'failed') return {};
  if (aborted) return { problem: `It did not answer within ${deadline} ms.` };
  return { problem: report.detail ?? REASONS[report.reason] };
}
