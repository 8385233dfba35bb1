import { createGuard, type Guard } from '@chaperone/core';
import { guardHono } from '@chaperone/http';
import { openaiModeration } from '@chaperone/moderators';
import { type Context, Hono } from 'hono';

/** What a Worker is given: `wrangler secret put OPENAI_API_KEY`. */
export interface Bindings {
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL?: string;
}

/**
 * A guard for each request: in a Worker one request may not wait for what another has begun, and calls of one guard share
 * requests and timers.
 */
function guardFor({ OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL }: Bindings): Guard {
  const guard: Guard = createGuard({ moderators: [openaiModeration({ apiKey, ...(baseURL && { baseURL }) })] });
  guard.on('flagged', ({ decision }) => console.warn(decision.stage, decision.id));
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
