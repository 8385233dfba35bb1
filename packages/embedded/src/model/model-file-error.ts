/** The model file holds something else than a model, or not all of it. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
}

/** Also for one of another copy of this package. */
export const isModelFileError = (error: unknown): error is ModelFileError =>
  error instanceof Error && error.name === 'ModelFileError';
