import { CREATED } from './completion.ts';
import type { ImagesRequest } from './wire.ts';

/** The answer to a request for images: as many addresses as were asked for, under which nothing is. */
export function imagesResponse({ n }: ImagesRequest, number: number): object {
  const data = Array.from({ length: n ?? 1 }, (_, index) => ({ url: `https://images.test/${number}-${index}.png` }));
  return { created: CREATED, data };
}
