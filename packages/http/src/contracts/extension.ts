import * as z from 'zod/mini';
import { hasUnjudged, imagePart, messageOf, textPart, verdictOn, type Contract } from './contract.ts';

const requestSchema = z.object({
  point: z.enum(['agent.moderation.input', 'agent.moderation.output']),
  params: z.object({
    query: z.array(
      z.union([
        z.object({ type: z.literal('text'), text: z.string() }),
        z.object({ type: z.literal('image'), url: z.string() }),
      ]),
    ),
  }),
});
const pointSchema = z.object({ point: z.string().check(z.startsWith('agent.moderation.')) });

/** The custom extension of agent platforms, after GPTBots' documentation of 2026. */
export const extension: Contract = {
  isFor: (_path, body) => pointSchema.safeParse(body).success,
  read(body) {
    const request = requestSchema.safeParse(body).data;
    const parts =
      request &&
      messageOf(request.params.query.map((part) => (part.type === 'text' ? textPart(part.text) : imagePart(part.url))));
    if (!request || !parts) return undefined;
    return { stage: request.point === 'agent.moderation.input' ? 'input' : 'output', messages: [parts] };
  },
  write(decisions) {
    const { isBlocked, message } = verdictOn(decisions);
    // What nobody has judged is not `flagged: false`: the form has no other word for it than a failure.
    if (!isBlocked && decisions.some(hasUnjudged)) return undefined;
    return { flagged: isBlocked, preset_response: message };
  },
};
