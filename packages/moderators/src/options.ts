import { ConfigurationError } from '@chaperone/core';
import type * as z from 'zod/mini';

/** For each option, what it must be: the end of a sentence that starts with its path. */
export type Requirements = { readonly [option: string]: string };

/**
 * Checks the options of a factory against its schema. A misspelt option is an error: in a guard it would be a guard
 * that is off.
 *
 * @throws ConfigurationError with the path of the first option that is wrong, and what it must be. The message never
 * repeats a value: one of them is a key.
 */
export function readOptions<T>(factory: string, schema: z.ZodMiniType<T>, options: unknown, must: Requirements): T {
  const reading = schema.safeParse(options);
  if (reading.success) return reading.data;
  const issue = reading.error.issues[0];
  const [option, ...rest] = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys')
    throw new ConfigurationError(
      `${factory}.${issue.keys[0]}`,
      `is not an option; the options are ${Object.keys(must).join(', ')}`,
    );
  if (option === undefined) throw new ConfigurationError(factory, 'takes its options as an object');
  const path = [option, ...rest].map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  throw new ConfigurationError(`${factory}${path}`, `must be ${must[String(option)] ?? 'something else'}`);
}
