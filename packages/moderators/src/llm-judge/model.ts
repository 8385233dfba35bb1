import { failed, type ModerateOptions, type Report } from '@chaperone/core';
import type { Judge, JudgeMessage } from './judge.ts';

/** What a judge's model has said, or why it has not. */
export type Said =
  | { readonly text: string; readonly model?: string; readonly id?: string }
  | { readonly failure: Report<never> };

/** Asks a model one question. Never rejects. */
export type AskModel = (
  messages: readonly JudgeMessage[],
  judge: Pick<Judge, 'schema' | 'parameters'>,
  options: Pick<ModerateOptions, 'signal' | 'context'>,
) => Promise<Said>;

/** Whether a model came to the end of what it had to say: for any other reason to stop, what it said is no answer. */
export function isWhole(finishReason: string | undefined): boolean {
  return finishReason === undefined || finishReason === 'stop';
}

/** The judge was stopped by its own provider, or would not judge: that says nothing of the text. */
export function refused(): Said {
  return { failure: failed('refused', { detail: 'The model did not answer, or its provider did not let it.' }) };
}

export function malformed(detail: string): Said {
  return { failure: failed('malformed', { detail }) };
}
