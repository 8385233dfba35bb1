import type { Message, Segment } from '@chaperone/core';
import type { JsonObject } from '../../value.ts';
import { pathOf, stringsIn } from '../strings.ts';

/**
 * What stands in a body beside the chat: a system prompt, a description of tools, a file. A browser sent it, so nobody
 * vouches for it. It is part of what is new, whatever turn it is, for it is there with each of them.
 */
export function withBesides(
  messages: readonly Message[],
  body: JsonObject,
  known: readonly string[],
): readonly Message[] {
  const segments: Segment[] = [];
  for (const key of Object.keys(body))
    if (!known.includes(key))
      stringsIn(body[key], [key], (text, steps) =>
        segments.push({ kind: 'text', role: 'user', path: pathOf(steps), text }),
      );
  return segments.length === 0 ? messages : [...messages, { role: 'user', path: 'body', segments }];
}
