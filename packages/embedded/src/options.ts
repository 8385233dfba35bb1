import { ConfigurationError } from '@chaperone/core';
import { THRESHOLDS, type Strictness } from './thresholds.ts';

export interface EmbeddedOptions {
  /**
   * How readily it flags: `'strict'` finds more and is wrong more often, `'lenient'` the other way round. Default
   * `'balanced'`. The README says what each costs. A policy with thresholds of its own does not need it.
   */
  readonly thresholds?: Strictness | undefined;
  /** Unique in a guard. Default `'embedded'`. */
  readonly name?: string | undefined;
}

/** @throws ConfigurationError with the path of the first option that is wrong, and what it must be. */
export function readOptions(given: unknown): { readonly thresholds: Strictness; readonly name: string } {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ConfigurationError('embedded', 'takes its options as an object');
  const options = new Map<string, unknown>(Object.entries(given));
  for (const option of options.keys())
    if (option !== 'thresholds' && option !== 'name')
      throw new ConfigurationError(`embedded.${option}`, 'is not an option; the options are thresholds, name');
  const { thresholds = 'balanced', name = 'embedded' } = {
    thresholds: options.get('thresholds'),
    name: options.get('name'),
  };
  if (!isStrictness(thresholds))
    throw new ConfigurationError('embedded.thresholds', `must be one of ${Object.keys(THRESHOLDS).join(', ')}`);
  if (typeof name !== 'string' || name.trim() === '')
    throw new ConfigurationError('embedded.name', 'must be a text that is not empty');
  return { thresholds, name };
}

const isStrictness = (value: unknown): value is Strictness =>
  typeof value === 'string' && Object.hasOwn(THRESHOLDS, value);
