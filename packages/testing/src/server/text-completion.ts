import type { ResolvedAnswer, ResolvedChoice } from './answer.ts';
import { CREATED, wireUsage, type StreamEvent } from './completion.ts';
import { LOGPROB } from './logprobs.ts';
import type { CompletionsRequest } from './wire.ts';

/** A legacy completion, which knows nothing but text, as it comes at once. */
export function textCompletion(answer: ResolvedAnswer, request: CompletionsRequest): object {
  return {
    ...envelope(answer),
    choices: answer.choices.map((choice, index) => said(index, piecesOf(choice), 0, request, finishReason(choice))),
    ...(answer.usage && { usage: wireUsage(answer.usage) }),
  };
}

/** The same completion as it comes piece by piece: the choices take turns. */
export function textCompletionEvents(answer: ResolvedAnswer, request: CompletionsRequest): readonly StreamEvent[] {
  const countsUsage = request.stream_options?.include_usage === true;
  const head = { ...envelope(answer), ...(countsUsage && { usage: null }) };
  const spoken = answer.choices.map(piecesOf);
  const steps = Math.max(0, ...spoken.map(({ length }) => length));
  const events: StreamEvent[] = [];
  for (let step = 0; step < steps; step++)
    for (const [index, pieces] of spoken.entries()) {
      const piece = pieces[step];
      const offset = pieces.slice(0, step).join('').length;
      if (piece !== undefined)
        events.push({ step, data: { ...head, choices: [said(index, [piece], offset, request, null)] } });
    }
  const last = Math.max(0, steps - 1);
  for (const [index, choice] of answer.choices.entries())
    events.push({ step: last, data: { ...head, choices: [said(index, [], 0, {}, finishReason(choice))] } });
  if (countsUsage && answer.usage)
    events.push({ step: last, data: { ...head, choices: [], usage: wireUsage(answer.usage) } });
  return [...events, { step: last, data: '[DONE]' }];
}

function envelope({ number, model }: ResolvedAnswer): object {
  return { id: `cmpl-${number}`, object: 'text_completion', created: CREATED, model, system_fingerprint: null };
}

/** The content, else the refusal, which has no form of its own here. */
function piecesOf({ content, pieces, refusal }: ResolvedChoice): readonly string[] {
  return content === null && refusal !== null ? [refusal] : pieces;
}

function finishReason(choice: ResolvedChoice): string {
  return choice.finishReason === 'tool_calls' ? 'stop' : choice.finishReason;
}

function said(
  index: number,
  pieces: readonly string[],
  offset: number,
  { logprobs }: Pick<CompletionsRequest, 'logprobs'>,
  finish_reason: string | null,
): object {
  const given = typeof logprobs === 'number' ? textLogprobs(pieces, offset) : null;
  return { index, text: pieces.join(''), logprobs: given, finish_reason };
}

function textLogprobs(tokens: readonly string[], offset: number): object {
  return {
    tokens,
    token_logprobs: tokens.map(() => LOGPROB),
    top_logprobs: tokens.map((token) => ({ [token]: LOGPROB })),
    text_offset: tokens.map((_, at) => offset + tokens.slice(0, at).join('').length),
  };
}
