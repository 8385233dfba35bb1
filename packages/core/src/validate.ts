import type * as z from 'zod/mini';
import { ConfigurationError } from './errors.ts';
import { isRecord } from './is.ts';

/**
 * Checks what a user handed in against a schema. The first thing that is wrong is thrown, with its path and what to do,
 * in our own sentences.
 */
export function validate<S extends z.ZodMiniType>(
  schema: S,
  value: unknown,
  path: string,
  Problem: new (path: string, problem: string) => Error = ConfigurationError,
): z.output<S> {
  const result = schema.safeParse(value, { error: sentence });
  if (result.success) return result.data;
  const issues = result.error.issues.map(innermost);
  // A misspelt option explains why another one seems to be missing, so it is named first.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) throw new Problem(path, 'is not valid');
  const at = joinPath(
    path,
    ...(issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path),
  );
  throw new Problem(at === '' ? 'options' : at, issue.message);
}

/** Where a value may be one of several things, the issue of the one that it was meant to be. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  // Things that a `type` tells apart: it is wrong where none of them has it, and else it says which one was meant.
  const ofType = issue.errors.map((branch) => branch.find(({ path }) => path.at(-1) === 'type'));
  const [first] = ofType;
  if (first && !ofType.includes(undefined)) {
    const values = ofType.flatMap((each) => (each?.code === 'invalid_value' ? each.values : []));
    return { ...first, path: [...issue.path, ...first.path], message: oneOf(values) };
  }
  for (const branch of issue.errors.filter((_, index) => !ofType[index])) {
    const meant = branch.find((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys');
    if (meant) return innermost({ ...meant, path: [...issue.path, ...meant.path] });
  }
  return issue;
}

/** `; there are …`: the names that could have been meant. */
export function suggest(known: readonly string[]): string {
  return known.length > 0 ? `; there are ${known.join(', ')}` : '';
}

/** The path of something inside of what stands at a path. */
export function joinPath(path: string, ...keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((left, key) => {
    if (typeof key === 'number') return `${left}[${key}]`;
    const name = String(key);
    if (!/^[\w$]+$/.test(name)) return `${left}['${name}']`;
    return left === '' ? name : `${left}.${name}`;
  }, path);
}

function oneOf(values: readonly unknown[]): string {
  return `must be ${values.map((value) => JSON.stringify(value)).join(' or ')}`;
}

/** What is wrong, said to follow its path. */
function sentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `is not an option${suggest(keysOf(issue.inst))}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'custom':
      return `must be ${String(issue.params?.['expected'])}`;
    case 'invalid_union': {
      const wanted = issue.errors.flatMap((issues) =>
        issues.slice(0, 1).map(({ message }) => message.replace('must be ', '')),
      );
      return wanted.length > 0 ? `must be ${[...new Set(wanted)].join(', or ')}` : 'is none of those known';
    }
    default:
      return 'is not valid';
  }
}

/** The keys that a strict object knows. */
function keysOf(schema: unknown): readonly string[] {
  const shape = isRecord(schema) && isRecord(schema['def']) ? schema['def']['shape'] : undefined;
  return isRecord(shape) ? Object.keys(shape) : [];
}
