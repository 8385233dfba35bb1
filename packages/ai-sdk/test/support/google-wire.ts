import { words, type Said } from './said.ts';
import type { Wire } from './wire-server.ts';

const head = {
  responseId: 'res_1',
  modelVersion: 'gemini-test',
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 9, totalTokenCount: 16 },
};

/** What Google's Generative Language API sends. */
export const googleWire: Wire = {
  isStream: (path) => path.includes(':streamGenerateContent'),
  reply: (said) =>
    candidate(
      partsOf(said, (text) => [text]),
      'STOP',
    ),
  events: (said) => {
    const parts = partsOf(said, words);
    return parts.map((part, index) => candidate([part], index === parts.length - 1 ? 'STOP' : undefined));
  },
};

function candidate(parts: readonly object[], finishReason: string | undefined): object {
  return {
    ...head,
    candidates: [{ index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) }],
  };
}

function partsOf(
  { reasoning = '', text = '', tool }: Said,
  cut: (text: string) => readonly string[],
): readonly object[] {
  return [
    ...(reasoning ? cut(reasoning).map((piece) => ({ text: piece, thought: true })) : []),
    ...(text ? cut(text).map((piece) => ({ text: piece })) : []),
    ...(tool ? [{ functionCall: { name: tool.name, args: tool.input } }] : []),
  ];
}
