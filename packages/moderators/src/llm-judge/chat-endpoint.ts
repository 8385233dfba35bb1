import * as z from 'zod/mini';
import type { Credentials } from '../http/credentials.ts';
import { post, type Fetch } from '../http/post.ts';
import { isWhole, malformed, refused, type AskModel } from './model.ts';

/** What `POST /chat/completions` answers: as much of it as is read. */
const answerSchema = z.object({
  id: z.optional(z.string()),
  model: z.optional(z.string()),
  choices: z
    .array(
      z.object({
        finish_reason: z.nullish(z.string()),
        message: z.object({ content: z.nullish(z.string()), refusal: z.nullish(z.string()) }),
      }),
    )
    .check(z.minLength(1)),
});

/** A model behind an OpenAI-compatible chat endpoint: OpenAI's, vLLM's, Ollama's. */
export function chatEndpoint(
  model: string,
  baseURL: string,
  credentials: Credentials,
  fetch: Fetch | undefined,
): AskModel {
  return async (messages, { schema, parameters }, { signal, context }) => {
    const posted = await post({
      service: { address: baseURL, key: 'apiKey or OPENAI_API_KEY', asset: `model ${model}` },
      url: `${baseURL}/chat/completions`,
      credentials,
      body: {
        model,
        messages,
        ...parameters,
        ...(schema && { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } }),
      },
      signal,
      context,
      fetch,
    });
    if ('failure' in posted) return posted;
    const answer = answerSchema.safeParse(posted.body);
    const choice = answer.data?.choices[0];
    if (!answer.success || !choice) return malformed('The answer is not one of a chat endpoint.');
    const { content, refusal } = choice.message;
    if (choice.finish_reason === 'content_filter' || (refusal ?? '') !== '') return refused();
    if (!isWhole(choice.finish_reason ?? undefined)) return malformed('The answer of the model was cut off.');
    const { id, model: served } = answer.data;
    return { text: content ?? '', ...(served !== undefined && { model: served }), ...(id !== undefined && { id }) };
  };
}
