import type { Guard } from '@chaperone/core';

/** What nobody judges, for `explain()`. The README says the same. */
const PASSES_BY: readonly string[] = [
  'embeddings, images, speech, transcription, video, realtime sessions and batches: they are other models',
  'what a provider keeps: previousResponseId, conversations, and stored items that a client names by id',
  'of a reply: ids, names of models, headers, signatures and sealed reasoning, addresses of sources, log probabilities, and the warnings of the package that speaks for the provider',
  'errors that a provider throws instead of a reply, and what they quote of it',
];

export function declarePassing(guard: Guard): void {
  guard.declare('@chaperone/ai-sdk', PASSES_BY);
}
