import { testAdapter } from '@chaperone/testing';
import { test } from 'vitest';
import { languageModelAdapter } from '../src/adapter.ts';
import { call, textReply, textStream } from './support/parts.ts';

testAdapter(
  {
    adapter: languageModelAdapter(call('')),
    request: (turns) => ({
      prompt: turns.map((text, index) => ({
        role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: [{ type: 'text' as const, text }],
      })),
    }),
    reply: textReply,
    chunks: (pieces) => textStream(...pieces),
    textOfReply: ({ content }) => content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    textOfChunks: (parts) => parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join(''),
    textsOfRequest: ({ prompt }) =>
      prompt.flatMap(({ content }) =>
        typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part.text : '')),
      ),
  },
  { test },
);
