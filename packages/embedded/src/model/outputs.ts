/** What the network gives a number for, in order. The last two only help the others. */
export const OUTPUTS = [
  'harassment',
  'hate',
  'violence',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'illicit',
  'illicit/violent',
  'toxic',
  'threat',
] as const;

export type Output = (typeof OUTPUTS)[number];
