import { REFUSAL_BREAK } from '@chaperone/core';
import type { Frame } from '@chaperone/openai';
import type { Protocol } from './protocol.ts';

const encoder = new TextEncoder();

/** Text and nothing else. */
export const text: Protocol = {
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  open() {
    let hasLeft = false;
    return {
      read({ data, readable }) {
        if (!readable || typeof data !== 'string') throw new TypeError('The body is not UTF-8.');
        return { segments: [{ kind: 'text', role: 'assistant', path: 'text', text: data }] };
      },
      left: () => void (hasLeft = true),
      without: () => undefined,
      refuse: ({ message }) => [textFrame(hasLeft ? REFUSAL_BREAK + message : message)],
      addUsage: (frame) => frame,
    };
  },
  error: ({ message }) => ({ body: message, contentType: 'text/plain; charset=utf-8' }),
};

function textFrame(data: string): Frame {
  return { bytes: encoder.encode(data), form: 'event', data, readable: true };
}
