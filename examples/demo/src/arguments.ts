import { parseArgs } from 'node:util';

export interface Arguments {
  readonly help: boolean;
  /** A file of conversations. Absent: the scenes are played. */
  readonly input: string | undefined;
  readonly strict: boolean;
}

/** The person at the terminal can put it right; the message is one sentence for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function isUsageError(error: unknown): error is UsageError {
  return error instanceof UsageError;
}

/** @throws UsageError for what is no option */
export function readArguments(given: readonly string[]): Arguments {
  // Package managers pass the `--` of `pnpm demo -- --input x` on.
  const { help = false, input, strict = false } = parse(given[0] === '--' ? given.slice(1) : given);
  if (strict && input === undefined && !help)
    throw new UsageError('--strict goes with --input FILE.jsonl; see pnpm demo --help.');
  return { help, input, strict };
}

function parse(args: readonly string[]): { help?: boolean; input?: string; strict?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        input: { type: 'string' },
        strict: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    // The first sentence says what is wrong; what follows it are hints about the syntax of options in general.
    const [what] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new UsageError(`${what?.replace(/\.$/, '')}; see pnpm demo --help.`);
  }
}
