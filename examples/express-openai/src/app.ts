import { createGuard, retry, type Guard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { guardOpenAI } from '@chaperone/openai';
import express, { type Express } from 'express';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import type { Service } from './service.ts';

export interface App {
  readonly app: Express;
  readonly guard: Guard;
}

/** A chat route as it is usually written. The guard is made in one statement and put on in another. */
export function createApp({ apiKey, baseURL }: Pick<Service, 'apiKey' | 'baseURL'>): App {
  const guard: Guard = createGuard({
    moderators: [openaiModeration({ apiKey, baseURL })],
    output: { fallback: retry() },
  });
  const openai = guardOpenAI(new OpenAI({ apiKey, baseURL }), guard);

  const app = express();
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))));
  app.post('/chat', express.json(), async (request, response) => {
    const { messages } = request.body as { messages: OpenAI.ChatCompletionMessageParam[] };
    const stream = await openai.chat.completions.create({ model: 'gpt-5-mini', messages, stream: true });
    response.on('close', () => stream.controller.abort()); // a reader who leaves ends the model too
    response.type('text/plain');
    for await (const chunk of stream) response.write(chunk.choices[0]?.delta.content ?? '');
    response.end();
  });
  return { app, guard };
}
