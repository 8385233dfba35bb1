import { failed, type Ask, type ModerateOptions } from '@chaperone/core';

/**
 * What a panel hands to `moderate` beside the items, for a test that calls it by itself. Members are asked directly: with
 * nothing around them that a panel has, and with what they reject with turned into a failure.
 * @param more default: a signal that is never aborted
 */
export function moderateOptions(more: Partial<ModerateOptions> = {}): ModerateOptions {
  const options: ModerateOptions = { signal: new AbortController().signal, ask: (...asked) => ask(...asked), ...more };
  const ask: Ask = async (member, items) => {
    const named = { moderator: member.name };
    try {
      return (await member.moderate(items, options)).map((report) => ({ ...named, ...report }));
    } catch {
      return items.map(() => ({ ...named, ...failed('unavailable') }));
    }
  };
  return options;
}
