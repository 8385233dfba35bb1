import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startServer, type Fault } from '../index.ts';

const server = await startServer({ chat: 'A quiet afternoon by the sea.' });
afterAll(() => server.close());
beforeEach(() => server.reset());

const body = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] };
const inputs = { input: ['a', 'b'] };

/** The endpoints, and the two forms of those that can stream. */
const ENDPOINTS = [
  { name: 'a reply', endpoint: 'chat', path: '/chat/completions', more: {} },
  { name: 'a stream', endpoint: 'chat', path: '/chat/completions', more: { stream: true } },
  { name: 'a response', endpoint: 'chat', path: '/responses', more: { input: 'Hello' } },
  { name: 'a streamed response', endpoint: 'chat', path: '/responses', more: { input: 'Hello', stream: true } },
  { name: 'a legacy completion', endpoint: 'chat', path: '/completions', more: { prompt: 'Hello' } },
  {
    name: 'a streamed legacy completion',
    endpoint: 'chat',
    path: '/completions',
    more: { prompt: 'Hello', stream: true },
  },
  { name: 'images', endpoint: 'chat', path: '/images/generations', more: { prompt: 'A sea' } },
  { name: 'moderation', endpoint: 'moderation', path: '/moderations', more: inputs },
] as const;

describe.for(ENDPOINTS)('$name', ({ endpoint, path, more }) => {
  const ask = (init: RequestInit = {}): Promise<Response> =>
    fetch(server.url + path, { method: 'POST', body: JSON.stringify({ ...body, ...more }), ...init });

  async function clean(): Promise<string> {
    const text = await (await ask()).text();
    server.reset();
    return text;
  }

  /** What has come of a body when it ends, hangs or breaks. */
  async function readAsFarAsItGoes(response: Response): Promise<{ text: string; end: 'end' | 'hang' | 'error' }> {
    let text = '';
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let reads = 0; reads < 1_000; reads++) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const hang = new Promise<'hang'>((resolve) => {
        timer = setTimeout(() => resolve('hang'), 250);
      });
      const read = await Promise.race([reader.read().catch(() => 'error' as const), hang]);
      clearTimeout(timer);
      if (typeof read === 'string') {
        reader.cancel().catch(() => undefined);
        return { text, end: read };
      }
      if (read.done) return { text, end: 'end' };
      text += read.value;
    }
    throw new Error('The body never ended.');
  }

  test.for([400, 401, 429, 500, 503])('status %i, with a body as OpenAI words it', async (status) => {
    server.fault(endpoint, { kind: 'status', status, headers: { 'retry-after': '2' } });
    const response = await ask();
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } });
  });

  test('status 200 with a body of your own', async () => {
    server.fault(endpoint, { kind: 'status', status: 200, body: '{"mine":true}' });
    expect(await (await ask()).json()).toEqual({ mine: true });
  });

  test('hang', async () => {
    server.fault(endpoint, 'hang');
    await expect(ask({ signal: AbortSignal.timeout(80) })).rejects.toThrow(/timeout/);
    await expect.poll(() => server.requests[0]?.aborted, { interval: 2 }).toBe(true);
  });

  test('hang-in-body', async () => {
    const whole = await clean();
    server.fault(endpoint, 'hang-in-body');
    const { text, end } = await readAsFarAsItGoes(await ask());
    expect(end).toBe('hang');
    expect(text).not.toBe('');
    expect(whole.startsWith(text)).toBe(true);
    expect(text.length).toBeLessThan(whole.length);
  });

  test('reset', async () => {
    server.fault(endpoint, 'reset');
    await expect(ask()).rejects.toThrow('fetch failed');
    expect(server.requests[0]?.aborted).toBe(false);
  });

  test('reset-in-body', async () => {
    const whole = await clean();
    server.fault(endpoint, 'reset-in-body');
    const { text, end } = await readAsFarAsItGoes(await ask());
    expect(end).toBe('error');
    expect(text).not.toBe('');
    expect(whole.startsWith(text)).toBe(true);
    await expect.poll(() => server.requests[0]?.endedAt, { interval: 2 }).toBeDefined();
    expect(server.requests[0]?.aborted).toBe(false);
  });

  test('truncated', async () => {
    const whole = await clean();
    server.fault(endpoint, 'truncated');
    const { text, end } = await readAsFarAsItGoes(await ask());
    expect(end).toBe('end');
    expect(whole.startsWith(text)).toBe(true);
    expect(text.length).toBeLessThan(whole.length);
  });

  test('malformed', async () => {
    server.fault(endpoint, 'malformed');
    const response = await ask();
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(() => parseAll(text)).toThrow(SyntaxError);
  });

  test('wrong-shape', async () => {
    server.fault(endpoint, 'wrong-shape');
    const response = await ask();
    expect(response.status).toBe(200);
    expect(parseAll(await response.text())).toEqual([{ greeting: 'This has another shape.' }]);
  });

  test('error-in-body', async () => {
    server.fault(endpoint, 'error-in-body');
    const response = await ask();
    expect(response.status).toBe('stream' in more ? 200 : 500);
    expect(parseAll(await response.text()).at(-1)).toMatchObject({ error: { type: 'server_error' } });
  });

  test('slow-body', async () => {
    const whole = await clean();
    server.fault(endpoint, { kind: 'slow-body', ms: 300 });
    const begun = performance.now();
    const response = await ask();
    const head = performance.now() - begun;
    expect(await response.text()).toBe(whole);
    expect(head).toBeLessThan(280);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(299);
  });

  test('so many times, in order, and then for good until cleared', async () => {
    const status = async (): Promise<number> => {
      const response = await ask();
      await response.text();
      return response.status;
    };
    server.fault(endpoint, failing(500));
    server.fault(endpoint, failing(429), { times: 2 });
    server.fault(endpoint, failing(503), { times: 1 });
    const seen = [];
    for (let call = 0; call < 5; call++) seen.push(await status());
    expect(seen).toEqual([429, 429, 503, 500, 500]);
    server.clearFaults();
    expect(await status()).toBe(200);
  });

  test('only on the endpoint that was named', async () => {
    server.fault(endpoint === 'chat' ? 'moderation' : 'chat', failing(500));
    expect((await ask()).status).toBe(200);
  });
});

test('one result too few, one too many', async () => {
  const results = async (): Promise<number> => {
    const response = await fetch(`${server.url}/moderations`, { method: 'POST', body: JSON.stringify(inputs) });
    const answer = (await response.json()) as { results: unknown[] };
    return answer.results.length;
  };
  server.fault('moderation', 'too-few', { times: 1 });
  server.fault('moderation', 'too-many', { times: 1 });
  expect([await results(), await results(), await results()]).toEqual([1, 3, 2]);
});

test('a status takes no answer from the script', async () => {
  server.setChat(['first', 'second']);
  server.fault('chat', failing(500), { times: 1 });
  const ask = (): Promise<Response> =>
    fetch(`${server.url}/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
  await ask();
  expect(await (await ask()).text()).toContain('first');
});

function failing(status: number): Fault {
  return { kind: 'status', status };
}

/** The JSON of a body, or of every event of a stream. */
function parseAll(text: string): unknown[] {
  const isStream = /^(data|event): /.test(text);
  const parts = isStream ? text.split('\n\n').map((event) => event.replace(/^(event: .*\n)?data: /, '')) : [text];
  return parts.filter((part) => part !== '' && part !== '[DONE]').map((part) => JSON.parse(part) as unknown);
}
