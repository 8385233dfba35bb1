import type { ChatAdapter, RequestReading, Segment } from '@chaperone/core';
import { type Answer, writtenAnswer } from '../wire/answer.ts';
import { readContent, WORDS } from '../wire/content.ts';
import type { Frame } from '../wire/frame.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { isProviderBlock } from '../wire/upstream.ts';

/** Images were made, and nobody here looks at them. */
const MADE: Segment = { kind: 'image', role: 'assistant', path: 'data' };

/**
 * `/images`: what is asked for is judged, and the images that come of it are not. The protocol has no form for a refusal
 * but an error, so what is written here is never sent.
 */
export const imagesAdapter: ChatAdapter<OpenAIRequest, Answer, Frame> = {
  name: 'openai-images',
  readRequest,
  rewriteRequest: () => undefined,
  addFeedback: () => undefined,
  readReply: () => ({ segments: [MADE] }),
  isProviderBlock,
  refuse: (_request, _refusal, answer) => writtenAnswer(undefined, answer),
  addUsage: (answer) => answer,
  openStream: () => ({
    read: () => ({ segments: [MADE] }),
    without: () => undefined,
    refuse: () => [],
    addUsage: (frame) => frame,
  }),
};

/** The prompt, and the images that are to be changed. */
function readRequest({ body }: OpenAIRequest): RequestReading {
  const { prompt, image, images } = body;
  if (Object.keys(body).length === 0) throw new TypeError('The body says nothing.');
  const segments: Segment[] = [];
  readContent({ prompt, image, images }, '', 'text', {
    role: 'user',
    name: (_path, name) => name,
    take: (segment) => segments.push(segment),
    place: (_element, position) => position,
    words: { ...WORDS, media: new Map([...WORDS.media, ['image', 'image'], ['images', 'image']]) },
  });
  // A prompt that comes as a file is text all the same.
  const isRead = segments.some(({ path }) => path.startsWith('prompt'));
  if (!isRead && prompt !== undefined && prompt !== '') segments.push({ kind: 'text', role: 'user', path: 'prompt' });
  return { messages: [{ role: 'user', path: 'prompt', segments }] };
}
