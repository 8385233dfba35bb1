import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { AzureOpenAI } from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from '../index.ts';

const server = await startServer({ chat: 'Good day.', apiKey: 'key-for-tests' });
const { origin } = new URL(server.url);
const azure = new AzureOpenAI({ apiKey: 'key-for-tests', endpoint: origin, apiVersion: '2026-10-01', maxRetries: 0 });
afterAll(() => server.close());
beforeEach(() => server.reset());

const hello = { messages: [{ role: 'user' as const, content: 'Hello' }] };
const headers = { 'api-key': 'key-for-tests' };

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) });

describe('a path', () => {
  test.for([
    ['/openai/deployments/x/chat/completions?api-version=2026-10-01', 'chat'],
    ['/openai/deployments/x/completions?api-version=2026-10-01', 'completions'],
    ['/openai/deployments/x/images/generations?api-version=2026-10-01', 'images'],
    ['/openai/v1/responses', 'responses'],
    ['/responses?a=/chat/completions', 'responses'],
    ['/gateway/of/mine/moderations', 'moderation'],
  ])('%s is for %s', async ([path = '', endpoint]) => {
    const response = await post(path, { model: 'gpt-test', ...hello, input: 'Hello', prompt: 'Hello' });
    expect(response.status).toBe(200);
    expect(server.requests).toMatchObject([{ endpoint, path }]);
  });

  test.for(['/responses/resp_1', '/v1/my-responses', '/chat/completions/more'])('%s is for none', async (path) => {
    expect((await post(path, { model: 'gpt-test', ...hello, input: 'Hello' })).status).toBe(404);
  });

  test('names the model on Azure, where the body does not', async () => {
    const path = '/openai/deployments/gpt-mine/chat/completions?api-version=2026-10-01';
    expect(await (await post(path, hello)).json()).toMatchObject({ model: 'gpt-mine' });
    expect(await (await post(path, { ...hello, model: 'gpt-test' })).json()).toMatchObject({ model: 'gpt-test' });
    expect((await post(path, [])).status).toBe(400);
  });
});

describe('the Azure client', () => {
  test('chats, with what the filter says', async () => {
    const content = { hate: { filtered: false, severity: 'safe' } };
    const prompt = [{ prompt_index: 0, content_filter_results: content }];
    server.setChat({ content: 'Good day.', contentFilterResults: content, promptFilterResults: prompt });
    const whole = await azure.chat.completions.create({ model: 'x', ...hello });
    expect(server.requests[0]?.path).toBe('/openai/deployments/x/chat/completions?api-version=2026-10-01');
    expect(whole).toMatchObject({
      prompt_filter_results: prompt,
      choices: [{ message: { content: 'Good day.' }, content_filter_results: content }],
    });
    const chunks = [];
    for await (const chunk of await azure.chat.completions.create({ model: 'x', ...hello, stream: true }))
      chunks.push(chunk);
    const [first, ...rest] = chunks;
    expect(first).toMatchObject({ choices: [], prompt_filter_results: prompt });
    expect(rest.length).toBeGreaterThan(2);
    for (const { choices } of rest) expect(choices).toMatchObject([{ content_filter_results: content }]);
  });

  test('asks for responses', async () => {
    const { output_text } = await azure.responses.create({ model: 'x', input: 'Hello' });
    expect(output_text).toBe('Good day.');
  });
});

describe('a body', () => {
  const body = { model: 'gpt-test', ...hello };
  const send = (bytes: Uint8Array<ArrayBuffer>, encoding: string): Promise<Response> =>
    fetch(`${server.url}/chat/completions`, {
      method: 'POST',
      headers: { ...headers, 'content-encoding': encoding },
      body: bytes,
    });

  test.for([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('is read where it was sent with %s', async ([encoding, compress]) => {
    const response = await send(new Uint8Array(compress(JSON.stringify(body))), encoding);
    expect(response.status).toBe(200);
    expect(server.chatRequests).toMatchObject([{ body, headers: { 'content-encoding': encoding } }]);
  });

  test.for(['gzip', 'unheard-of'])('is refused where it is not what it says, %s', async (encoding) => {
    const sent = JSON.stringify(body);
    const response = await send(new TextEncoder().encode(sent), encoding);
    expect(response.status).toBe(400);
    expect(server.requests).toMatchObject([{ endpoint: 'other', body: sent }]);
  });
});
