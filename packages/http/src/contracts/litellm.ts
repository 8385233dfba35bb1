import type { ContentPart } from '@chaperone/core';
import * as z from 'zod/mini';
import { imagePart, messageOf, textPart, verdictOn, type Contract } from './contract.ts';

const requestSchema = z.object({
  texts: z.nullish(z.array(z.string())),
  images: z.nullish(z.array(z.string())),
  tool_calls: z.nullish(z.array(z.unknown())),
  structured_messages: z.optional(z.unknown()), // read where it is needed, and else of no concern
  input_type: z.enum(['request', 'response']),
});

const chatSchema = z.nullish(
  z.array(
    z.object({
      content: z.nullish(
        z.union([
          z.string(),
          z.array(
            z.discriminatedUnion('type', [
              z.object({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() }),
              z.object({ type: z.literal('refusal'), refusal: z.string() }),
              z.object({
                type: z.literal('image_url'),
                image_url: z.union([z.string(), z.object({ url: z.string() })]),
              }),
            ]),
          ),
        ]),
      ),
      tool_calls: z.nullish(z.array(z.unknown())),
    }),
  ),
);

const functionSchema = z.object({ function: z.object({ name: z.string(), arguments: z.string() }) });

type LiteLLMRequest = z.infer<typeof requestSchema>;
type ChatMessage = NonNullable<z.infer<typeof chatSchema>>[number];

/**
 * LiteLLM's generic guardrail, after its documentation of October 2026. It masks nothing. The chat that a request was
 * made of (`structured_messages`) is read where its texts are not sent by themselves.
 */
export const litellm: Contract = {
  isFor: (path) => path.endsWith('/beta/litellm_basic_guardrail_api'),
  read(body) {
    const request = requestSchema.safeParse(body).data;
    const parts = request && messageOf(partsOf(request));
    // A request of which nothing can be read is not clear.
    if (!request || !parts || parts.length === 0) return undefined;
    return { stage: request.input_type === 'request' ? 'input' : 'output', messages: [parts] };
  },
  write(decisions) {
    const { isBlocked, message } = verdictOn(decisions);
    return isBlocked ? { action: 'BLOCKED', blocked_reason: message } : { action: 'NONE' };
  },
};

type Parts = readonly (ContentPart | undefined)[];

function partsOf({ texts, images, tool_calls: calls, structured_messages: messages }: LiteLLMRequest): Parts {
  const own = [...(texts ?? []).map(textPart), ...(images ?? []).map(imagePart), ...callsIn(calls)];
  if (texts?.some((text) => text !== '')) return own;
  const chat = chatSchema.safeParse(messages);
  // What is in a form of its own is missing, and not nothing.
  if (!chat.success) return [undefined];
  return [
    ...own,
    ...(chat.data ?? []).flatMap((message) => [
      ...contentOf(message, (images ?? []).length > 0),
      ...((calls ?? []).length > 0 ? [] : callsIn(message.tool_calls)),
    ]),
  ];
}

/** @param hasImages - Whether the images of the chat were sent by themselves. */
function contentOf({ content }: ChatMessage, hasImages: boolean): Parts {
  if (typeof content === 'string') return [textPart(content)];
  return (content ?? []).flatMap((part): Parts => {
    if (part.type === 'refusal') return [textPart(part.refusal)];
    if (part.type !== 'image_url') return [textPart(part.text)];
    const { image_url: image } = part;
    return hasImages ? [] : [imagePart(typeof image === 'string' ? image : image.url)];
  });
}

/** The name and the arguments of each; of one in another form, all that it says. */
function callsIn(calls: LiteLLMRequest['tool_calls']): Parts {
  return (calls ?? []).map((call) => {
    const known = functionSchema.safeParse(call).data?.function;
    return textPart(known ? `${known.name}\n${known.arguments}` : JSON.stringify(call));
  });
}
