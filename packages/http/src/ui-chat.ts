import type { HistoryAdapter } from '@chaperone/core';
import { readUIMessages, rewriteUIMessages } from './route/forms/ui-messages.ts';

/** A chat of the AI SDK, as an application keeps it. */
export interface UIChat {
  readonly messages: readonly { readonly role: string; readonly parts: readonly object[] }[];
}

/**
 * For `guard.clean(uiChat, { messages })`: a kept chat of the AI SDK without what the policy would block in its older
 * turns.
 */
export const uiChat: HistoryAdapter<UIChat> = {
  readRequest: ({ messages }) => ({ messages: readUIMessages({ messages }) }),
  rewriteRequest({ messages }, edits) {
    const rewritten = rewriteUIMessages({ messages }, edits)?.['messages'];
    return isMessages(rewritten) ? { messages: rewritten } : undefined;
  },
};

function isMessages(value: unknown): value is UIChat['messages'] {
  return Array.isArray(value); // edits change what is in parts, and nothing else
}
