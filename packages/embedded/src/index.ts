export { embedded, type EmbeddedModerator } from './embedded.ts';
export type { EmbeddedCategory } from './categories.ts';
export type { EmbeddedOptions } from './options.ts';
export type { Strictness } from './thresholds.ts';
export type { Explanation, Weight } from './score/explain.ts';
export { isModelFileError, ModelFileError } from './model/model-file-error.ts';
