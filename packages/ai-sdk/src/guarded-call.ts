import type { CallOptions as GuardCallOptions, Guard } from '@chaperone/core';
import { languageModelAdapter } from './adapter.ts';
import { contextOf, sentOn } from './call.ts';
import { withStricter } from './notice.ts';
import type { GuardModelOptions } from './options.ts';
import { RefusalError } from './refusal-error.ts';
import { released } from './reply/read.ts';
import { takesNoWords } from './reply/refusal.ts';
import type { CallOptions, GenerateResult, Model, StreamResult } from './sdk.ts';
import { partsOf, readableOf } from './stream/readable.ts';
import { caught, errorOf, keep } from './thrown.ts';

/** A guard, and how it is put around calls. */
export interface Setting {
  readonly guard: Guard;
  readonly options: GuardModelOptions;
}

/** One guarded call whose reply comes at once. */
export async function guardedReply(
  { guard, options }: Setting,
  model: Pick<Model, 'provider' | 'doGenerate'>,
  call: CallOptions,
): Promise<GenerateResult> {
  const { reply, refusal, input, output } = await guard.reply(
    languageModelAdapter(call, model.provider),
    sentOn(call),
    (request, { signal }) => caught(model.doGenerate({ ...request, abortSignal: signal })),
    guardOptions(call, options),
  );
  const error = refusal && takesNoWords(call) ? keep(new RefusalError(refusal), reply) : errorOf(reply);
  if (error) throw error;
  if (refusal) return reply;
  // Where nothing waited for a decision, the reply is the provider's as it came.
  return [input, output].reduce(withStricter, output ? released(reply, call) : reply);
}

/** One guarded call whose reply comes as a stream. */
export async function guardedStream(
  { guard, options }: Setting,
  model: Pick<Model, 'provider' | 'doStream'>,
  call: CallOptions,
): Promise<StreamResult> {
  let head: Omit<StreamResult, 'stream'> = {};
  const { stream, input, refusal } = await guard.stream(
    languageModelAdapter(call, model.provider),
    sentOn(call),
    async (request, { signal, attempt }) => {
      const { stream: parts, ...rest } = await model.doStream({ ...request, abortSignal: signal });
      if (attempt === 1) head = rest;
      return partsOf(parts, request.includeRawChunks === true);
    },
    guardOptions(call, options),
  );
  const finish = refusal ? undefined : input;
  return { ...head, stream: readableOf(stream, (part) => withStricter(part, finish), call.abortSignal) };
}

function guardOptions(call: CallOptions, options: GuardModelOptions): GuardCallOptions {
  return { context: contextOf(call, options), ...(call.abortSignal && { signal: call.abortSignal }) };
}
