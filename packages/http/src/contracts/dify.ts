import * as z from 'zod/mini';
import { textPart, verdictOn, type Contract } from './contract.ts';

const requestSchema = z.discriminatedUnion('point', [
  z.object({ point: z.literal('ping') }),
  z.object({
    point: z.literal('app.moderation.input'),
    params: z.object({ inputs: z.nullish(z.record(z.string(), z.unknown())), query: z.nullish(z.string()) }),
  }),
  z.object({ point: z.literal('app.moderation.output'), params: z.object({ text: z.string() }) }),
]);
const pointSchema = z.object({ point: z.string().check(z.regex(/^(?:ping$|app\.moderation\.)/)) });

/** Dify's moderation extension, after its documentation of 2026. The values of its inputs are judged with the query. */
export const dify: Contract = {
  isFor: (_path, body) => pointSchema.safeParse(body).success,
  read(body) {
    const request = requestSchema.safeParse(body).data;
    if (!request) return undefined;
    if (request.point === 'ping') return { answer: { result: 'pong' } };
    if (request.point === 'app.moderation.output')
      return { stage: 'output', messages: [[textPart(request.params.text)]] };
    const { inputs, query } = request.params;
    const texts = [...Object.values(inputs ?? {}).flatMap(textsIn), ...(typeof query === 'string' ? [query] : [])];
    return { stage: 'input', messages: [texts.map(textPart)] };
  },
  write(decisions) {
    const { isBlocked, message } = verdictOn(decisions);
    return { flagged: isBlocked, action: 'direct_output', preset_response: message };
  },
};

/** Whatever somebody could have written: a variable may be a list, or a record. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
