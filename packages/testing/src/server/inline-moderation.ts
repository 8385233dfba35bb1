import { textsOf, type ModerationError, type ResolvedAnswer } from './answer.ts';
import { moderationResult, type ModerationInput, type ModerationScript } from './assessment.ts';
import type { ChatRequest, ChatRequestMessage } from './wire.ts';

/** What the moderation model finds in a request and in its answer, where the request asks for it. */
export interface InlineModeration {
  readonly input: InlineSide;
  readonly output: InlineSide;
}

/** One side: a result for each input, or why there is none. */
export type InlineSide =
  | { readonly model: string; readonly results: readonly [object, ...(readonly object[])] }
  | { readonly error: ModerationError };

/**
 * Judges a request and its answer by the moderation script, where the request asks for it: of the request everything but
 * the instructions as one input, of the answer each choice, or all of them `together`.
 */
export async function moderateInline(
  { moderation, messages }: ChatRequest,
  { choices, moderationErrors }: ResolvedAnswer,
  together: boolean,
  assess: ModerationScript,
): Promise<InlineModeration | undefined> {
  if (!moderation) return undefined;
  const judge = async (input: ModerationInput): Promise<object> => {
    const assessment = await assess(input.texts.join('\n'), input.images);
    const model = assessment.model ?? moderation.model;
    return { type: 'moderation_result', model, ...moderationResult(input, assessment) };
  };
  const side = async (
    [first = NOTHING, ...others]: readonly ModerationInput[],
    error: ModerationError | undefined,
  ): Promise<InlineSide> =>
    error
      ? { error }
      : { model: moderation.model, results: [await judge(first), ...(await Promise.all(others.map(judge)))] };
  const said = choices.map((choice) => ({ texts: textsOf(choice), images: [] }));
  return {
    input: await side([inputOf(messages)], moderationErrors.input),
    output: await side(together ? [joined(said)] : said, moderationErrors.output),
  };
}

/** As a chat completion has it: a list of results for each side. */
export function chatModeration({ input, output }: InlineModeration): object {
  const side = (one: InlineSide): object =>
    'error' in one ? errorOf(one) : { type: 'moderation_results', model: one.model, results: one.results };
  return { input: side(input), output: side(output) };
}

/** As a response has it: one result for each side. */
export function responseModeration({ input, output }: InlineModeration): object {
  const side = (one: InlineSide): object => ('error' in one ? errorOf(one) : one.results[0]);
  return { input: side(input), output: side(output) };
}

const NOTHING: ModerationInput = { texts: [], images: [] };

function errorOf({ error }: { readonly error: ModerationError }): object {
  return { type: 'error', ...error };
}

function inputOf(messages: readonly ChatRequestMessage[]): ModerationInput {
  return joined(
    messages
      .filter(({ role }) => role !== 'system' && role !== 'developer')
      .flatMap(({ content, output }) => [content, output])
      .flatMap((content): readonly unknown[] => (Array.isArray(content) ? content : [content]))
      .map(partOf),
  );
}

function joined(inputs: readonly ModerationInput[]): ModerationInput {
  return { texts: inputs.flatMap(({ texts }) => texts), images: inputs.flatMap(({ images }) => images) };
}

/** A part of a message, of a chat (`image_url: { url }`) or of a response (`image_url`). */
function partOf(part: unknown): ModerationInput {
  if (typeof part === 'string') return { texts: [part], images: [] };
  if (typeof part !== 'object' || part === null) return NOTHING;
  const image = 'image_url' in part ? part.image_url : undefined;
  const url = typeof image === 'object' && image !== null && 'url' in image ? image.url : image;
  return {
    texts: 'text' in part && typeof part.text === 'string' ? [part.text] : [],
    images: typeof url === 'string' ? [url] : [],
  };
}
