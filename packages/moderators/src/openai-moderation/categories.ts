/**
 * The categories that `omni-moderation-latest` returns, as OpenAI's API reference names them. The two `illicit` ones are
 * `null` in the answers of the older text models.
 */
export const OPENAI_CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const;

/** A category of OpenAI's moderation models. */
export type OpenAICategory = (typeof OPENAI_CATEGORIES)[number];

/** Those that are judged on images too. An image alone gets a 0 in the others, which nobody evaluated. */
export const IMAGE_CATEGORIES: readonly OpenAICategory[] = [
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'violence',
  'violence/graphic',
];
