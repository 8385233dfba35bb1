import type { Policy } from '@chaperone/core';

/** The same for every scene and for conversations. Categories that are not named: where the moderator itself flags. */
export const POLICY = {
  categories: {
    violence: { warn: 0.3, review: 0.5, block: 0.8 },
    harassment: { warn: 0.3, review: 0.5, block: 0.8 },
  },
} satisfies Policy;

export const POLICY_IN_WORDS = 'violence, harassment: warn from 0.3, review from 0.5, block from 0.8';
