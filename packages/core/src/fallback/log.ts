import { blocking, type Decision } from '../policy/decision.ts';
import { logOptions } from '../schemas.ts';
import { validate } from '../validate.ts';
import type { Fallback } from './fallback.ts';

/** Whatever takes a line: `console`, or a logger of yours. */
export interface Logger {
  warn(line: string): void;
}

/**
 * Changes nothing and waits for nothing: the traffic is that of an unguarded call. Events say what would have
 * happened, and so does one line to the logger for each would-be block; it holds no word of content.
 * @param options `logger`: default `console`
 */
export function log(options: { readonly logger?: Logger } = {}): Fallback {
  validate(logOptions, options, 'log');
  return {
    waits: false,
    retries: 0,
    answer(decision) {
      (options.logger ?? console).warn(`[chaperone] ${describe(decision)} (${decision.id})`);
      return { kind: 'release' };
    },
  };
}

function describe(decision: Decision): string {
  const { stage, unchecked } = decision;
  const why = [
    ...blocking(decision).map(
      ({ category, score, moderator }) =>
        `${category}${score === undefined ? '' : ` ${score.toFixed(2)}`} (${moderator})`,
    ),
    ...unchecked.map(({ reason, moderator }) => `unchecked: ${reason} (${moderator ?? 'no moderator'})`),
  ];
  return `${stage} would be blocked: ${why.join(', ')}`;
}
