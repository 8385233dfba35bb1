import * as z from 'zod/mini';
import type { Decision } from '../policy/decision.ts';
import { isRecord, validate } from '../validate.ts';
import type { Fallback } from './fallback.ts';

const schema = z.strictObject({
  logger: z.optional(z.custom(isLogger, { params: { expected: 'an object with warn()' } })),
});

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
  validate(schema, options, 'log');
  return {
    waits: false,
    retries: 0,
    answer(decision) {
      (options.logger ?? console).warn(`[chaperone] ${describe(decision)} (${decision.id})`);
      return { kind: 'release' };
    },
  };
}

function isLogger(value: unknown): boolean {
  return isRecord(value) && typeof value['warn'] === 'function';
}

function describe({ stage, findings, unchecked }: Decision): string {
  const why = [
    ...findings
      .filter(({ action }) => action === 'block')
      .map(({ category, score, moderator }) => `${category}${score === undefined ? '' : ` ${score}`} (${moderator})`),
    ...unchecked.map(({ reason, moderator }) => `unchecked: ${reason} (${moderator ?? 'no moderator'})`),
  ];
  return `${stage} would be blocked: ${why.join(', ')}`;
}
