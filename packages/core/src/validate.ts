import type * as z from 'zod/mini';
import { ConfigurationError } from './errors.ts';

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
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(innermost);
  // A misspelt option explains why another one seems to be missing, so it is named first.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) throw new Problem(path, 'is not valid');
  const at = joinPath(path, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    throw new Problem(joinPath(at, [key]), `is not an option${suggest(keysAt(schema, issue.path))}`);
  }
  throw new Problem(at === '' ? 'options' : at, expectation(issue));
}

/** Where a value may be one of several things, the issue of the one that it was meant to be. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  for (const branch of issue.errors) {
    const meant = branch.find((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys');
    if (meant) return innermost({ ...meant, path: [...issue.path, ...meant.path] });
  }
  return issue;
}

/** `; there are …`: the names that could have been meant. */
export function suggest(known: readonly string[]): string {
  return known.length > 0 ? `; there are ${known.slice(0, 30).join(', ')}` : '';
}

export function joinPath(path: string, keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((left, key) => {
    if (typeof key === 'number') return `${left}[${key}]`;
    const name = String(key);
    if (!/^[\w$]+$/.test(name)) return `${left}['${name}']`;
    return left === '' ? name : `${left}.${name}`;
  }, path);
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'invalid_type':
      return `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'custom':
      return `must be ${String(issue.params?.['expected'] ?? 'something else')}`;
    case 'invalid_union': {
      const all = issue.errors.flatMap((issues) =>
        issues.slice(0, 1).map((inner) => expectation(inner).replace('must be ', '')),
      );
      return `must be ${[...new Set(all)].join(', or ')}`;
    }
    default:
      return 'is not valid';
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** The keys that a strict object in a schema knows. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = schema;
  for (const key of [...path, undefined]) {
    let shape = shapeOf(at);
    while (shape === undefined && isRecord(at) && isRecord(at['def']) && at['def']['innerType']) {
      at = at['def']['innerType'];
      shape = shapeOf(at);
    }
    if (shape === undefined) return [];
    if (key === undefined) return Object.keys(shape);
    at = shape[String(key)];
  }
  return [];
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(schema) || !isRecord(schema['def'])) return undefined;
  const { shape } = schema['def'];
  return isRecord(shape) ? shape : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value);
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
