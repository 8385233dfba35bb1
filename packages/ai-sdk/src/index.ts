export { guardModel, type GuardedModel } from './guard-model.ts';
export { guardMiddleware } from './guard-middleware.ts';
export type { GuardModelOptions } from './options.ts';
export {
  guardToolApproval,
  type GuardToolApprovalOptions,
  type PendingToolCall,
  type ToolApproval,
} from './guard-tool-approval.ts';
export { guardErrorText } from './guard-error-text.ts';
export { isRefusalError, RefusalError } from './refusal-error.ts';
export type { Notice } from './notice.ts';
export type { CallOptions, GuardableModel } from './sdk.ts';
