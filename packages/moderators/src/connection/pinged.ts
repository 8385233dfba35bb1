import type { ModerateOptions, Report } from '@chaperone/core';

/** A moderator whose service has a question of its own for whether it is there. */
export interface Pinged {
  /** Undefined: it is there. Else what is wrong. Never rejects. */
  readonly ping: (options: Pick<ModerateOptions, 'signal' | 'context'>) => Promise<Report<never> | undefined>;
}
