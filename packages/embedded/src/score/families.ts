import type { EmbeddedCategory } from '../categories.ts';

/** What a harmful text is harmful as. */
export const FAMILIES = ['harassment', 'hate', 'self-harm', 'sexual', 'violence'] as const;

/** The family of a category. `illicit` has none: a request may be illicit and not harmful in itself. */
export const FAMILY_OF: { readonly [category in EmbeddedCategory]?: (typeof FAMILIES)[number] } = {
  harassment: 'harassment',
  'harassment/threatening': 'harassment',
  hate: 'hate',
  'hate/threatening': 'hate',
  'self-harm': 'self-harm',
  'self-harm/intent': 'self-harm',
  'self-harm/instructions': 'self-harm',
  sexual: 'sexual',
  'sexual/minors': 'sexual',
  violence: 'violence',
  'violence/graphic': 'violence',
};
