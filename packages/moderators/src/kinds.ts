import type { SegmentKind } from '@chaperone/core';

/** The kinds of segments that are text. */
export const TEXT_KINDS: readonly SegmentKind[] = ['text', 'reasoning', 'refusal', 'tool-input', 'tool-output'];
