/** A Worker with one guard for all its requests, which come many at a time. What it fetches is answered by `workerd.mjs`. */
import { clear, createGuard, flag, type Guard, type Moderator } from '@chaperone/core';
import { guardRoute } from '@chaperone/http';
import { runProgram } from './program.ts';

const moderator: Moderator<'violence'> = {
  name: 'remote-zorps',
  categories: ['violence'],
  batch: { items: 32, characters: 10_000 },
  async moderate(items, { signal }) {
    const texts = items.map(({ segment: { text = '' }, before = '' }) => before + text);
    const response = await fetch('http://moderation.test/', { method: 'POST', body: JSON.stringify(texts), signal });
    const flags = (await response.json()) as readonly boolean[];
    return flags.map((isFlagged) => (isFlagged ? flag(['violence']) : clear()));
  },
};

const guard: Guard = createGuard({ moderators: [moderator], message: 'No.' });

async function answer(request: Request): Promise<Response> {
  const { message } = (await request.json()) as { readonly message: string };
  return fetch('http://model.test/', { method: 'POST', body: message });
}

interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
}

export async function fetchInWorker(request: Request, _: unknown, context: ExecutionContext): Promise<Response> {
  if (new URL(request.url).pathname !== '/chat') return new Response(String(await runProgram()));
  return guardRoute(answer, guard, { waitUntil: (work) => context.waitUntil(work) })(request);
}
