import type { ChunkReader } from '@chaperone/core';
import type { Frame } from '@chaperone/openai';

/** A body of which nobody here knows what it says: there is text, or a medium, that cannot be judged. */
export function openUnknown(refuse: ChunkReader<Frame>['refuse']): ChunkReader<Frame> {
  return {
    read: () => ({ segments: [{ kind: 'text', role: 'assistant', path: 'body' }] }),
    without: () => undefined,
    refuse,
    addUsage: (frame) => frame,
  };
}
