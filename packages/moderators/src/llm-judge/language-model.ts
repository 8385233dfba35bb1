import { failed, type Report } from '@chaperone/core';
import * as z from 'zod/mini';
import { isWhole, malformed, refused, type AskModel } from './model.ts';

/** As much of a model of the AI SDK, 5 and later, as a judge needs. */
export interface LanguageModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: LanguageModelCall): PromiseLike<object>;
}

/** What such a model is asked. */
export interface LanguageModelCall {
  readonly prompt: (
    | { role: 'system'; content: string }
    | { role: 'user' | 'assistant'; content: { type: 'text'; text: string }[] }
  )[];
  readonly temperature?: number;
  readonly responseFormat?: {
    readonly type: 'json';
    readonly name: string;
    readonly schema: { readonly [keyword: string]: unknown };
  };
  readonly abortSignal: AbortSignal;
}

/** AI SDK 5 gives the reason as a text, later ones as a record. */
const answerSchema = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.optional(z.string()) })),
  finishReason: z.optional(z.union([z.string(), z.looseObject({ unified: z.string() })])),
  response: z.nullish(z.object({ id: z.nullish(z.string()), modelId: z.nullish(z.string()) })),
});

const errorSchema = z.object({ statusCode: z.number() });

/** A model of the AI SDK. */
export function languageModel(model: LanguageModel): AskModel {
  return async (messages, { schema, parameters }, { signal }) => {
    if (signal.aborted) return { failure: failed('aborted') };
    const temperature = parameters?.['temperature'];
    let came: unknown;
    try {
      came = await model.doGenerate({
        prompt: messages.map(({ role, content }) =>
          role === 'system' ? { role, content } : { role, content: [{ type: 'text', text: content }] },
        ),
        ...(typeof temperature === 'number' && { temperature }),
        ...(schema && { responseFormat: { type: 'json', ...schema } }),
        abortSignal: signal,
      });
    } catch (error) {
      return { failure: signal.aborted ? failed('aborted') : failureOf(error, model) };
    }
    const answer = answerSchema.safeParse(came);
    if (!answer.success) return malformed('The answer is not one of a language model.');
    const { content, finishReason, response } = answer.data;
    const reason = typeof finishReason === 'string' ? finishReason : finishReason?.unified;
    if (reason === 'content-filter') return refused();
    if (!isWhole(reason)) return malformed('The answer of the model was cut off.');
    const text = content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
    const id = response?.id;
    return { text, model: response?.modelId ?? model.modelId, ...(typeof id === 'string' && { id }) };
  };
}

/** What a provider threw: its status is read and nothing else, for its message may hold the prompt. */
function failureOf(error: unknown, { provider, modelId }: LanguageModel): Report<never> {
  const status = errorSchema.safeParse(error).data?.statusCode;
  const who = `${provider} ${modelId}`;
  if (status === 401 || status === 403 || status === 404)
    return failed('denied', { detail: `${who} answered HTTP ${status}: check its key and its name.` });
  if (status === 429) return failed('quota', { retryAfterMs: 0, detail: 'The rate limit is reached.' });
  if (status !== undefined && status >= 400 && status < 500 && status !== 408)
    return failed('refused', { detail: `${who} did not accept the request: HTTP ${status}.` });
  return failed('unavailable', { retryAfterMs: 0, detail: `No answer came from ${who}.` });
}
