import { createGuard, reject, type Events, type Guard, type GuardOptions } from '@chaperone/core';
import { fakeModerator, type FakeModerator } from '@chaperone/testing';

export const MARKER = 'zorp';
export const REFUSED = 'That cannot be answered.';

/** A guard that blocks the marker, and what it has told. */
export interface Watched {
  readonly guard: Guard;
  readonly moderator: FakeModerator;
  readonly flagged: Events['flagged'][];
  readonly settled: Events['settled'][];
}

export function watched(
  options: Omit<GuardOptions, 'moderators' | 'policy'> & Pick<GuardOptions, 'policy'> = {},
): Watched {
  const moderator = fakeModerator({
    flags: { [MARKER]: 'odd' },
    scores: (text) => ({ odd: text.includes('hm') ? 0.5 : 0 }),
  });
  const guard = createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }), ...options });
  const flagged: Events['flagged'][] = [];
  const settled: Events['settled'][] = [];
  guard.on('flagged', (event) => flagged.push(event));
  guard.on('settled', (event) => settled.push(event));
  return { guard, moderator, flagged, settled };
}
