import { MockLanguageModelV4 } from 'ai/test';
import type { CallOptions, GenerateResult, StreamPart, StreamResult } from '../../src/sdk.ts';
import { textReply, textStream } from './parts.ts';

/** One answer of a scripted model: a text, or what it is made of; an error is thrown. */
export type Answer = string | Error | { readonly reply?: GenerateResult; readonly parts?: readonly StreamPart[] };

/** The SDK's own mock, which gives these answers one by one, the last again and again. */
export function scripted(...answers: readonly Answer[]): MockLanguageModelV4 {
  let given = 0;
  const next = (): Exclude<Answer, Error> => {
    const answer = answers[Math.min(given++, answers.length - 1)] ?? '';
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return new MockLanguageModelV4({
    doGenerate: async () => {
      const answer = next();
      return typeof answer === 'string' ? textReply(answer) : (answer.reply ?? textReply(''));
    },
    doStream: async () => {
      const answer = next();
      return streamed(typeof answer === 'string' ? textStream(...cut(answer)) : (answer.parts ?? []));
    },
  });
}

export function streamed(parts: readonly StreamPart[]): StreamResult {
  const queue = [...parts];
  return {
    stream: new ReadableStream({
      pull(controller) {
        const part = queue.shift();
        if (part) controller.enqueue(part);
        else controller.close();
      },
    }),
  };
}

export function cut(text: string): readonly string[] {
  return text.match(/\S+\s*/g) ?? [];
}

/** Every text of the prompts that a model was asked with. */
export function asked({ doGenerateCalls, doStreamCalls }: MockLanguageModelV4): readonly string[] {
  return [...doGenerateCalls, ...doStreamCalls].map(({ prompt }) => JSON.stringify(prompt));
}

export async function partsOf({ stream }: Pick<StreamResult, 'stream'>): Promise<StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

export type { CallOptions };
