import type { Refusal } from '@chaperone/core';
import { wantsStructure } from '../expected.ts';
import { metadataOf, NAMESPACE, noticeOf } from '../notice.ts';
import type { CallOptions, FinishReason, GenerateResult } from '../sdk.ts';
import { headProse } from './asides.ts';
import { usageOfRefusal } from './usage.ts';

/**
 * Whether words are no answer to this call: the SDK would take them for a broken object, or for a tool that was not
 * called. Such a call gets an error.
 */
export function takesNoWords(call: CallOptions): boolean {
  return forcesTool(call) || wantsStructure(call);
}

/** Whether the model has to call a tool. */
export function forcesTool({ toolChoice }: CallOptions): boolean {
  return toolChoice?.type === 'required' || toolChoice?.type === 'tool';
}

/** Ends the agent loop, and keeps tools from running. */
export const REFUSED: FinishReason = { unified: 'content-filter', raw: NAMESPACE };

/**
 * The answer that stands in the place of a refused one, or of one that was never asked for. Of a reply nothing is kept but
 * its head: what is refused may be quoted anywhere in it.
 */
export function refuseReply(_call: CallOptions, refusal: Refusal, reply?: GenerateResult): GenerateResult {
  const providerMetadata = metadataOf(noticeOf(refusal.decision));
  const { request, response } = reply ?? {};
  return {
    content: [{ type: 'text', text: refusal.message, providerMetadata }],
    finishReason: REFUSED,
    usage: usageOfRefusal(refusal, reply?.usage),
    providerMetadata,
    warnings: reply?.warnings ?? [],
    ...(request && { request }),
    ...(response && headProse(response).length === 0 && { response: { ...response, body: undefined } }),
  };
}
