/** What is wrong with something that was handed in, and where: the message says both, and holds no content. */
abstract class MistakeError extends Error {
  /** Where it is wrong, such as `policy.categories.violence.block`, or `content[0].role`. */
  readonly path: string;
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path} ${problem}.`, options);
    this.path = path;
  }
}

/** An option, a policy or a moderator is wrong. `path` says which one, the message says what to do. */
export class ConfigurationError extends MistakeError {
  override readonly name = 'ConfigurationError';
}

/** Something was handed in to be judged that is not content. */
export class ContentError extends MistakeError {
  override readonly name = 'ContentError';
}

/** Recognises a `ConfigurationError`, also one of another copy of this package. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return isMistake(error, 'ConfigurationError');
}

/** Recognises a `ContentError`, also one of another copy of this package. */
export function isContentError(error: unknown): error is ContentError {
  return isMistake(error, 'ContentError');
}

function isMistake(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name && 'path' in error;
}
