const CONFIGURATION = Symbol.for('chaperone.ConfigurationError');
const CONTENT = Symbol.for('chaperone.ContentError');

/** An option, a policy or a moderator is wrong. `path` says which one, the message says what to do. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  /** Where it is wrong, such as `policy.categories.violence.block`. */
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path} ${problem}${problem.endsWith('?') ? '' : '.'}`, options);
    this.path = path;
    Object.defineProperty(this, CONFIGURATION, { value: true });
  }
}

/** Something was handed in to be judged that is not content. The message holds no content. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
  /** Where it is wrong, such as `content[0].role`. */
  readonly path: string;
  constructor(path: string, problem: string) {
    super(`${path} ${problem}.`);
    this.path = path;
    Object.defineProperty(this, CONTENT, { value: true });
  }
}

/** Recognises a `ConfigurationError`, also one of another copy of this package. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return error instanceof Error && CONFIGURATION in error;
}

/** Recognises a `ContentError`, also one of another copy of this package. */
export function isContentError(error: unknown): error is ContentError {
  return error instanceof Error && CONTENT in error;
}
