import type { CallContext, Guard } from '@chaperone/core';
import { textOf } from './json-text.ts';
import { checkArguments } from './options.ts';

/** A tool call that waits for approval, as the SDK hands it in. */
export interface PendingToolCall {
  readonly toolCall: { readonly toolName: string; readonly input: unknown };
}

export interface GuardToolApprovalOptions {
  /** Whose call it is. Default: what the guard was made `with`. */
  readonly context?: (pending: PendingToolCall) => CallContext;
}

/** `undefined`: nothing stands against it; the SDK goes on as it would without. */
export type ToolApproval = { readonly type: 'denied'; readonly reason: string } | undefined;

/**
 * For `toolApproval`: a call whose input is blocked, by the moderators and rules of the output, is denied, and the model
 * reads why and goes on. It is the softer way: a guarded model ends the reply that holds such a call.
 * @throws ConfigurationError for a wrong argument
 */
export function guardToolApproval(
  guard: Guard,
  options: GuardToolApprovalOptions = {},
): (pending: PendingToolCall) => Promise<ToolApproval> {
  checkArguments('guardToolApproval', guard, options);
  return async (pending) => {
    const { input } = pending.toolCall;
    const { action, message } = await guard.check(
      [{ kind: 'tool-input', role: 'assistant', path: 'toolCall.input', text: textOf(input) }],
      { stage: 'output', ...(options.context && { context: options.context(pending) }) },
    );
    return action === 'block' ? { type: 'denied', reason: message } : undefined;
  };
}
