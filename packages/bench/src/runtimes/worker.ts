/** A Worker whose guards each serve all its requests, which `crowd.ts` makes many of at a time. */
import { clear, createGuard, flag, log, reject, type Fallback, type Guard, type Moderator } from '@chaperone/core';
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

/** A guard, and how many of its calls have settled. */
function counting(fallback: Fallback): { readonly guard: Guard; settled: number } {
  const counted = { guard: createGuard({ moderators: [moderator], message: 'No.', fallback }), settled: 0 };
  counted.guard.on('settled', () => {
    counted.settled += 1;
  });
  return counted;
}

const paths = new Map([
  ['/guarded', counting(reject())],
  ['/logged', counting(log({ logger: { warn() {} } }))],
]);

async function answer(request: Request): Promise<Response> {
  const { message } = (await request.json()) as { readonly message: string };
  return fetch('http://model.test/', { method: 'POST', body: message });
}

interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
}

export async function fetchInWorker(request: Request, _: unknown, context: ExecutionContext): Promise<Response> {
  const [, path = '', question] = new URL(request.url).pathname.split('/');
  const counted = paths.get(`/${path}`);
  if (!counted) return new Response(String(await runProgram()));
  if (question === 'settled') return new Response(String(counted.settled));
  return guardRoute(answer, counted.guard, { waitUntil: (work) => context.waitUntil(work) })(request);
}
