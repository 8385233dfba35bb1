import type { CallOptions, FinishReason, GenerateResult, StreamPart, TokenUsage } from '../../src/sdk.ts';

// What passes between the SDK and a model, made by hand.

export const usage: TokenUsage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};

const STOP: FinishReason = { unified: 'stop', raw: 'stop' };

export function call(text: string, more: Partial<CallOptions> = {}): CallOptions {
  return { prompt: [{ role: 'user', content: [{ type: 'text', text }] }], ...more };
}

export function reply(content: GenerateResult['content'], more: Partial<GenerateResult> = {}): GenerateResult {
  return { content, finishReason: STOP, usage, warnings: [], ...more };
}

export const textReply = (text: string): GenerateResult => reply([{ type: 'text', text }]);

/** A whole stream around some parts. */
export function stream(...parts: readonly StreamPart[]): StreamPart[] {
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'res_1', modelId: 'scripted', timestamp: new Date(0) },
    ...parts,
    { type: 'finish', finishReason: STOP, usage },
  ];
}

export function textParts(...pieces: readonly string[]): StreamPart[] {
  return [
    { type: 'text-start', id: '0' },
    ...pieces.map((delta): StreamPart => ({ type: 'text-delta', id: '0', delta })),
    { type: 'text-end', id: '0' },
  ];
}

export const textStream = (...pieces: readonly string[]): StreamPart[] => stream(...textParts(...pieces));
