import * as z from 'zod/mini';
import { messageOf, textPart, verdictOn, type Contract } from './contract.ts';

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
    const texts = textsIn(inputs ?? {}, MOST_DEPTH);
    const parts = texts && messageOf([...texts, ...(typeof query === 'string' ? [query] : [])].map(textPart));
    return parts && { stage: 'input', messages: [parts] };
  },
  write(decisions) {
    const { isBlocked, message } = verdictOn(decisions);
    return { flagged: isBlocked, action: 'direct_output', preset_response: message };
  },
};

/** No variable of an application is nested deeper than this. */
const MOST_DEPTH = 32;

/** Whatever somebody could have written: a variable may be a list, or a record. Undefined: it is nested too deeply. */
function textsIn(value: unknown, depth: number): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (depth === 0) return undefined;
  const texts: string[] = [];
  for (const member of Object.values(value)) {
    const more = textsIn(member, depth - 1);
    if (!more) return undefined;
    for (const text of more) texts.push(text);
  }
  return texts;
}
