import type { CallOptions } from '../sdk.ts';

/**
 * A copy of the call that tells the model what to do better: behind the developer's own words at the beginning, for not
 * every provider takes the developer's word anywhere else.
 */
export function addFeedback(call: CallOptions, feedback: string): CallOptions {
  const begin = call.prompt.findIndex(({ role }) => role !== 'system');
  const prompt = call.prompt.toSpliced(begin === -1 ? call.prompt.length : begin, 0, {
    role: 'system',
    content: feedback,
  });
  return { ...call, prompt };
}
