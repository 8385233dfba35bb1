import type { EmbeddedCategory } from '../categories.ts';

/** What a harmful text is harmful as. */
export const FAMILIES = ['harassment', 'hate', 'self-harm', 'sexual', 'violence'] as const;

/**
 * The family of a category. `illicit` has none: a request may be illicit and not harmful in itself. Nor has a threat: see
 * `THREATS`.
 */
export const FAMILY_OF: { readonly [category in EmbeddedCategory]?: (typeof FAMILIES)[number] } = {
  harassment: 'harassment',
  hate: 'hate',
  'self-harm': 'self-harm',
  'self-harm/intent': 'self-harm',
  'self-harm/instructions': 'self-harm',
  sexual: 'sexual',
  'sexual/minors': 'sexual',
  violence: 'violence',
  'violence/graphic': 'violence',
};

/** What threatens is what its family is, and a threat besides: an insult is not half of one. */
export const THREATS = { 'harassment/threatening': 'harassment', 'hate/threatening': 'hate' } as const;

/** Whether a category is one of the threats. */
export const isThreat = (category: EmbeddedCategory): category is keyof typeof THREATS => category in THREATS;
