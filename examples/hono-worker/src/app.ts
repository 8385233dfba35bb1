import { createGuard, type Guard } from '@chaperone/core';
import { guardHono } from '@chaperone/http';
import { openaiModeration } from '@chaperone/moderators';
import { type Context, Hono } from 'hono';

/** What a Worker is given: `wrangler secret put OPENAI_API_KEY`. */
export interface Bindings {
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL?: string;
}

const guards = new WeakMap<Bindings, Guard>();

/** One guard for all requests of a Worker, made at the first of them: keys come with requests. */
function guardFor(env: Bindings): Guard {
  const known = guards.get(env);
  if (known) return known;
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = env;
  const guard: Guard = createGuard({ moderators: [openaiModeration({ apiKey, ...(baseURL && { baseURL }) })] });
  guard.on('flagged', ({ decision }) => console.warn(decision.stage, decision.id));
  guards.set(env, guard);
  return guard;
}

/** Passes a chat on to the model. It knows nothing of the guard before it. */
const app = new Hono<{ Bindings: Bindings }>();
app.use(
  '/chat/completions',
  guardHono(({ env }: Context<{ Bindings: Bindings }>) => guardFor(env)),
);
app.post('/chat/completions', async ({ env, req }) => {
  const upstream = await fetch(`${env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1'}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.OPENAI_API_KEY}`, 'content-type': 'application/json' },
    body: await req.text(),
    signal: req.raw.signal,
  });
  return new Response(upstream.body, upstream);
});

export { app };
