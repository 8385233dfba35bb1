import type { ChunkReading } from '@chaperone/core';

/** A part that says nothing. */
export const NOTHING: ChunkReading = { segments: [] };
