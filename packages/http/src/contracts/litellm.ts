import * as z from 'zod/mini';
import { every, imagePart, textPart, verdictOn, type Contract } from './contract.ts';

const requestSchema = z.object({
  texts: z.nullish(z.array(z.string())),
  images: z.nullish(z.array(z.string())),
  input_type: z.enum(['request', 'response']),
});

/** LiteLLM's generic guardrail, after its documentation of October 2026. It masks nothing. */
export const litellm: Contract = {
  isFor: (path) => path.endsWith('/beta/litellm_basic_guardrail_api'),
  read(body) {
    const request = requestSchema.safeParse(body).data;
    const parts = request && every([...(request.texts ?? []).map(textPart), ...(request.images ?? []).map(imagePart)]);
    if (!request || !parts) return undefined;
    return { stage: request.input_type === 'request' ? 'input' : 'output', messages: [parts] };
  },
  write(decisions) {
    const { isBlocked, message } = verdictOn(decisions);
    return isBlocked ? { action: 'BLOCKED', blocked_reason: message } : { action: 'NONE' };
  },
};
