import type { Item } from '@chaperone/core';
import { readImage } from '../image.ts';
import { textOf } from '../text.ts';
import type { Report } from '@chaperone/core';

/** OpenAI advises texts of fewer than 2,000 characters: longer ones are judged less well. */
export const MOST_CHARACTERS = 1_999;

/** The largest image file that OpenAI takes: 20 MB, says its guide. */
const MOST_IMAGE_BYTES = 20 * 1024 * 1024;

/** A part of an input that is one thing to be judged. */
export type InputPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };

/** What is asked about an item: its text, its image with the text of its message, or nothing, for it is answered here. */
export type Question =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly parts: readonly InputPart[] }
  | { readonly kind: 'answered'; readonly report: Report<never> };

export function questionFor(item: Item): Question {
  const { image } = item.segment;
  if (image === undefined) {
    const text = textOf(item);
    if (text === undefined) return { kind: 'answered', report: { status: 'unsupported', reason: 'kind' } };
    // The endpoint refuses an empty text, and with it the whole batch.
    if (text === '') return { kind: 'answered', report: { status: 'clear', flagged: [], scores: {} } };
    return { kind: 'text', text };
  }
  const read = readImage(image, MOST_IMAGE_BYTES);
  if ('report' in read) return { kind: 'answered', report: read.report };
  const text = textBeside(item);
  return {
    kind: 'image',
    parts: [...(text === '' ? [] : [{ type: 'text' as const, text }]), { type: 'image_url', image_url: read }],
  };
}

/** What an image is shown with. Every text is judged by itself too, so a long one need not be whole here. */
function textBeside({ segment, message = [segment] }: Item): string {
  return message
    .flatMap(({ text }) => (text === undefined || text === '' ? [] : [text]))
    .join('\n')
    .slice(0, MOST_CHARACTERS);
}
