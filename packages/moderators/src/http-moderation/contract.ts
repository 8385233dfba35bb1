import type { Item, Stage } from '@chaperone/core';
import * as z from 'zod/mini';
import { readImage } from '../image.ts';

/** A part of a message, as the custom extension contract sends it. */
type QueryPart = { readonly type: 'text'; readonly text: string } | { readonly type: 'image'; readonly url: string };

/** What is sent of a message, and whether that is all of it. */
export interface Query {
  readonly parts: readonly QueryPart[];
  readonly isWhole: boolean;
}

/** The largest image file, in bytes, that is put into a request. */
const MOST_IMAGE_BYTES = 20 * 1024 * 1024;

/** @param sendsBytes - Whether an image that is no `https:` address may be sent as a `data:` address. */
export function queryOf({ segment, message = [segment] }: Item, sendsBytes: boolean): Query {
  const parts: QueryPart[] = [];
  let isWhole = true;
  for (const { text, image } of message) {
    if (text !== undefined && text !== '') parts.push({ type: 'text', text });
    if (image === undefined) {
      if (text === undefined) isWhole = false;
      continue;
    }
    const isAddress = image instanceof URL && (image.protocol === 'https:' || image.protocol === 'http:');
    const read = isAddress || sendsBytes ? readImage(image, MOST_IMAGE_BYTES) : undefined;
    if (read && 'url' in read) parts.push({ type: 'image', url: read.url });
    else isWhole = false;
  }
  return { parts, isWhole };
}

/** One of the two forms of the contract. */
export interface Contract {
  readonly hasImages: boolean;
  readonly requestFor: (stage: Stage, id: string, parts: readonly QueryPart[]) => object;
  /** What the service would say instead; undefined where it says nothing. */
  readonly suggestionOf: (answer: Answer, stage: Stage) => string | undefined;
}

/** What both forms answer. Dify sends an action and texts also where nothing is flagged. */
export const answerSchema: z.ZodMiniType<Answer> = z.object({
  flagged: z.boolean(),
  action: z.nullish(z.enum(['direct_output', 'overridden', 'overrided'])),
  preset_response: z.nullish(z.string()),
  text: z.nullish(z.string()),
});

const flaggedSchema = z.object({ flagged: z.literal(true) });

/** Whether an answer flags. That counts before all: what is odd about the rest of it makes no flag a failure. */
export function isFlagged(body: unknown): boolean {
  return flaggedSchema.safeParse(body).success;
}

export interface Answer {
  readonly flagged: boolean;
  readonly action?: 'direct_output' | 'overridden' | 'overrided' | null | undefined;
  readonly preset_response?: string | null | undefined;
  readonly text?: string | null | undefined;
}

/** The custom extension: `agent.moderation.*`, after GPTBots' documentation of 2026. */
const extension: Contract = {
  hasImages: true,
  requestFor: (stage, id, parts) => ({
    point: `agent.moderation.${stage}`,
    params: { agent_id: id, query: parts },
  }),
  suggestionOf: ({ preset_response: preset }) => preset ?? undefined,
};

/** Dify's form: `app.moderation.*`, after its documentation and source of 2026. Texts alone. */
const dify: Contract = {
  hasImages: false,
  requestFor: (stage, id, parts) => {
    const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    return {
      point: `app.moderation.${stage}`,
      params: stage === 'input' ? { app_id: id, inputs: {}, query: text } : { app_id: id, text },
    };
  },
  // Its text for an input is meant for the model, and not for the user. `overrided` is how its older documents spell it.
  suggestionOf: ({ action, preset_response: preset, text }, stage) =>
    (action === 'direct_output' || !action ? preset : stage === 'output' ? text : undefined) ?? undefined,
};

export const CONTRACTS: { readonly extension: Contract; readonly dify: Contract } = { extension, dify };
