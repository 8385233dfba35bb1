import {
  createGuard,
  failed,
  isConfigurationError,
  unsupported,
  type CallContext,
  type Moderator,
  type Report,
  type Stage,
} from '@chaperone/core';
import * as z from 'zod/mini';
import { someText } from '../http/options.ts';
import { readOptions } from '../options.ts';
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

const optionsSchema = z.strictObject({
  deadline: z.optional(z.number().check(z.gt(0), z.lte(600_000))),
  context: z.optional(z.record(z.string(), z.optional(z.string()))),
  text: z.optional(someText),
});
const requirements = {
  deadline: 'milliseconds, from more than 0 to 600,000',
  context: 'an object of texts, such as { tenant }',
  text: 'a text that is not empty',
};

/**
 * Asks a moderator about one harmless text for each stage, as a guard would, before a configuration is saved. It costs
 * what two requests cost. Never rejects: a wrong option, or what is no moderator, is a problem like others. Holds no key
 * and nothing that was thrown.
 */
export async function testConnection(
  moderator: Moderator & Partial<Pinged>,
  options: TestConnectionOptions = {},
): Promise<Connection> {
  const input = await tryStage(moderator, 'input', options);
  const output = await tryStage(moderator, 'output', options);
  const isWorking = input.problem === undefined && output.problem === undefined;
  return { moderator: nameOf(moderator), isWorking, input, output };
}

function nameOf(moderator: Moderator): string {
  try {
    return moderator.name;
  } catch {
    return '';
  }
}

async function tryStage(
  moderator: Moderator & Partial<Pinged>,
  stage: Stage,
  options: TestConnectionOptions,
): Promise<StageConnection> {
  const begun = performance.now();
  try {
    const { deadline = 10_000, text = 'The weather is fine today.' } = readOptions(
      'testConnection',
      optionsSchema,
      options,
      requirements,
    );
    const context = options.context ?? {};
    const report = (await ping(moderator, deadline, context)) ?? (await ask(moderator, stage, text, deadline, context));
    const latency = Math.round(performance.now() - begun);
    return { status: report.status, latency, ...describe(report, moderator), ...problem(report, deadline) };
  } catch (error) {
    const latency = Math.round(performance.now() - begun);
    const what = isConfigurationError(error) ? error.message : 'It is no moderator: see the interface Moderator.';
    return { status: 'failed', latency, gives: [], unlisted: [], problem: what };
  }
}

/** What is wrong with a service that can be pinged; undefined: nothing is. */
async function ping(
  moderator: Moderator & Partial<Pinged>,
  deadline: number,
  context: CallContext,
): Promise<Report | undefined> {
  if (moderator.ping === undefined) return undefined;
  const controller = new AbortController();
  const late = Promise.withResolvers<Report>();
  const timer = setTimeout(() => {
    controller.abort();
    late.resolve(failed('timeout'));
  }, deadline);
  const pong = async (): Promise<Report | undefined> => {
    try {
      const unwell: unknown = await moderator.ping?.({ signal: controller.signal, context });
      return unwell === undefined ? undefined : read(unwell);
    } catch {
      return failed('unavailable'); // what it threw may hold a key
    }
  };
  try {
    return await Promise.race([pong(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const unwellSchema = z.object({
  status: z.literal('failed'),
  reason: z.enum(['timeout', 'unavailable', 'malformed', 'refused', 'denied', 'quota', 'aborted']),
  detail: z.optional(z.string()),
});

function read(unwell: unknown): Report {
  const { data } = unwellSchema.safeParse(unwell);
  return data ? failed(data.reason, data.detail === undefined ? {} : { detail: data.detail }) : failed('malformed');
}

/** A guard of its own asks, so that what it takes for an answer is what a guard takes for one. */
async function ask(
  moderator: Moderator,
  stage: Stage,
  text: string,
  deadline: number,
  context: CallContext,
): Promise<Report> {
  const moderation = { deadline, retries: 0, batch: false, breaker: false, cache: false } as const;
  const { verdicts } = await createGuard({ moderators: [moderator], moderation }).check(text, { stage, context });
  return verdicts[0] ?? unsupported('kind');
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

function problem(report: Report, deadline: number): Pick<StageConnection, 'problem'> {
  if (report.status === 'unsupported') return { problem: `It does not judge plain text (${report.reason}).` };
  if (report.status === 'flagged') return { problem: 'It flags a harmless text: check its rules.' };
  if (report.status !== 'failed') return {};
  if (report.reason === 'timeout') return { problem: `It did not answer within ${deadline} ms.` };
  return { problem: report.detail ?? REASONS[report.reason] };
}
