import { plainChat } from '@chaperone/core';
import { test } from 'vitest';
import { testAdapter } from '../index.ts';

// What `wrap` speaks, and `guard.clean` for whoever keeps `{ role, content }`.
testAdapter(
  {
    adapter: plainChat,
    request: (turns) => turns.map((content, turn) => ({ role: turn % 2 === 0 ? 'user' : 'assistant', content })),
    reply: (text) => ({ text }),
    chunks: (pieces) => pieces.map((text) => ({ text })),
    textOfReply: ({ text }) => text,
    textOfChunks: (pieces) => pieces.map(({ text }) => text).join(''),
    textsOfRequest: (messages) =>
      messages.flatMap(({ content }) =>
        typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part.text : '')),
      ),
  },
  { test },
);
