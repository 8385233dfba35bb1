import type { ModerationPart, ModerationRequest } from './wire.ts';

/** What the moderation model finds in one input. */
export interface Assessment {
  /** The categories that it flags; those that OpenAI does not have are added to the answer. */
  readonly flagged?: readonly string[];
  /** Default: 0.9 for what is flagged, 0.0001 for the rest. */
  readonly scores?: { readonly [category: string]: number };
  /** The model that is said to have answered. Default: the one that was asked for. */
  readonly model?: string;
}

/**
 * What the moderation model is going to find in an input: in its text (the texts of several parts, a line each) and in
 * the addresses of its images. A script that throws gives status 500 with its message.
 */
export type ModerationScript = (text: string, images: readonly string[]) => Assessment | Promise<Assessment>;

/** One input, read. */
export interface ModerationInput {
  readonly texts: readonly string[];
  readonly images: readonly string[];
}

/** The model that answers where none was asked for. */
export const DEFAULT_MODEL = 'omni-moderation-latest';

/** The categories that can be judged on an image too; on an image alone the others are not evaluated, and score 0. */
const IMAGE_CATEGORIES = [
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'violence',
  'violence/graphic',
] as const;

const TEXT_CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'sexual/minors',
] as const;

/** The inputs of a request: each gets one result. */
export function readInputs({ input }: ModerationRequest): readonly ModerationInput[] {
  if (typeof input === 'string') return [{ texts: [input], images: [] }];
  const parts = input.filter((entry): entry is ModerationPart => typeof entry !== 'string');
  if (parts.length === 0)
    return input.filter((entry) => typeof entry === 'string').map((text) => ({ texts: [text], images: [] }));
  return [
    {
      texts: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
      images: parts.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : [])),
    },
  ];
}

/** The answer to a moderation request. */
export function moderationResponse(
  request: ModerationRequest,
  judged: readonly { readonly input: ModerationInput; readonly assessment: Assessment }[],
  number: number,
): object {
  return {
    id: `modr-${number}`,
    model: judged.find(({ assessment }) => assessment.model)?.assessment.model ?? request.model ?? DEFAULT_MODEL,
    results: judged.map(({ input, assessment }) => moderationResult(input, assessment)),
  };
}

/** What is said of one input. */
export function moderationResult(
  { texts, images }: ModerationInput,
  { flagged = [], scores = {} }: Assessment,
): object {
  const judgedOn = (category: string): readonly string[] => [
    ...(texts.length > 0 ? ['text'] : []),
    ...(images.length > 0 && !isTextOnly(category) ? ['image'] : []),
  ];
  const categories = new Set([...TEXT_CATEGORIES, ...IMAGE_CATEGORIES, ...flagged, ...Object.keys(scores)].toSorted());
  const byCategory = <Value>(value: (category: string) => Value): { readonly [category: string]: Value } =>
    Object.fromEntries([...categories].map((category) => [category, value(category)]));
  return {
    flagged: flagged.length > 0,
    categories: byCategory((category) => flagged.includes(category)),
    category_scores: byCategory(
      (category) => scores[category] ?? (flagged.includes(category) ? 0.9 : judgedOn(category).length > 0 ? 0.0001 : 0),
    ),
    category_applied_input_types: byCategory(judgedOn),
  };
}

function isTextOnly(category: string): boolean {
  return TEXT_CATEGORIES.some((name) => name === category);
}
