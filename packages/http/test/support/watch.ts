import { createGuard, type Events, type Guard, type GuardOptions } from '@chaperone/core';
import { fakeModerator, type FakeModerator } from '@chaperone/testing';

export const REFUSED = 'Let us talk of something else.';
export const MARKER = 'zorp';

export interface Watched {
  readonly guard: Guard;
  readonly moderator: FakeModerator;
  readonly settled: Events['settled'][];
  readonly flagged: Events['flagged'][];
}

/** A guard that blocks the marker, and everything that it tells. */
export function watched(
  options: Partial<GuardOptions> = {},
  moderator: FakeModerator = fakeModerator({ flags: { [MARKER]: 'violence' } }),
): Watched {
  const guard: Guard = createGuard({ moderators: [moderator], message: REFUSED, ...options });
  const settled: Events['settled'][] = [];
  const flagged: Events['flagged'][] = [];
  guard.on('settled', (event) => settled.push(event));
  guard.on('flagged', (event) => flagged.push(event));
  return { guard, moderator, settled, flagged };
}
