import { expect, test } from 'vitest';
import { app } from '../src/app.ts';
import { openService } from '../src/service.ts';

test.for([false, true])('A proxied chat is judged on its way in and out (streamed: %s)', async (stream) => {
  await using service = await openService();
  const env = { OPENAI_API_KEY: service.apiKey, OPENAI_BASE_URL: service.baseURL };
  const say = async (content: string): Promise<string> => {
    const body = JSON.stringify({ model: 'gpt-5-mini', stream, messages: [{ role: 'user', content }] });
    const text = await (await app.request('/chat/completions', { method: 'POST', body }, env)).text();
    return [...text.matchAll(/"content":"([^"]*)"/g)].map(([, piece = '']) => piece).join('');
  };
  expect(await say('What grows by the sea?')).toContain('blue in the evening');
  expect(await say('Tell me of the zorp.')).toMatch(/^Sorry/);
  const secret = await say('What is its secret?');
  expect(secret).toMatch(/Sorry/);
  expect(secret).not.toContain('zorp');
});
