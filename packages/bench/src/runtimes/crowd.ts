/** Those who ask the Worker of `worker.ts`, many at a time, and what it asks in turn: a moderation service and a model. */

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

const ROUNDS = 3;
const AT_ONCE = 20;

/** What the Worker fetches is answered late, so that requests overlap. */
export async function answer(request: Request): Promise<Response> {
  await new Promise((resolve) => void setTimeout(resolve, 20 + Math.random() * 60));
  const body = await request.text();
  if (new URL(request.url).hostname === 'model.test') return new Response(`You said: ${body}`);
  const texts = JSON.parse(body) as readonly string[];
  return Response.json(texts.map((text) => text.includes('zorp')));
}

/** Resolves with how many cases went well, or throws. */
export async function askWorker(ask: Ask): Promise<number> {
  const cases = Number(await (await ask('/')).text());
  return cases + (await askAtOnce(ask, '/guarded')) + (await askAtOnce(ask, '/logged'));
}

/** One in five asks for what is flagged, and one in three says what others say. Every call must be told as settled. */
async function askAtOnce(ask: Ask, path: string): Promise<number> {
  const messages = Array.from({ length: ROUNDS * AT_ONCE }, (_, at) =>
    [at % 5 === 0 ? 'a zorp' : 'hello', at % 3 === 0 ? 'again' : at].join(' '),
  );
  for (let round = 0; round < ROUNDS; round += 1)
    await Promise.all(
      messages.slice(round * AT_ONCE, (round + 1) * AT_ONCE).map(async (message) => {
        const headers = { 'content-type': 'application/json' };
        const response = await ask(path, { method: 'POST', headers, body: JSON.stringify({ message }) });
        const text = await response.text();
        const expected = path === '/guarded' && message.includes('zorp') ? 'No.' : `You said: ${message}`;
        if (text !== expected) throw new Error(`${path}, among others at once: ${response.status} ${text}`);
      }),
    );
  for (let tries = 0; tries < 50; tries += 1) {
    const settled = Number(await (await ask(`${path}/settled`)).text());
    if (settled === messages.length) return messages.length;
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
  throw new Error(`${path}: not every call was told as settled`);
}
