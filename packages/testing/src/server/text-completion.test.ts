import OpenAI from 'openai';
import type { Completion } from 'openai/resources/completions';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startServer } from '../index.ts';

const server = await startServer();
const openai = new OpenAI({ apiKey: 'any', baseURL: server.url, maxRetries: 0 });
afterAll(() => server.close());
beforeEach(() => server.reset());

const hello = { model: 'gpt-test', prompt: 'Hello' };

async function chunksOf(more: object = {}): Promise<Completion[]> {
  const chunks: Completion[] = [];
  for await (const chunk of await openai.completions.create({ ...hello, ...more, stream: true })) chunks.push(chunk);
  return chunks;
}

test('answers at once', async () => {
  server.setChat({ content: 'Good day.', usage: { inputTokens: 3, outputTokens: 4 } });
  expect(await openai.completions.create(hello)).toEqual({
    id: 'cmpl-1',
    object: 'text_completion',
    created: expect.any(Number),
    model: 'gpt-test',
    system_fingerprint: null,
    choices: [{ index: 0, text: 'Good day.', logprobs: null, finish_reason: 'stop' }],
    usage: expect.objectContaining({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }),
  });
});

test('streams word by word, and ends with the usage when asked to', async () => {
  server.setChat({ content: 'Good day.', finishReason: 'length' });
  const chunks = await chunksOf({ stream_options: { include_usage: true } });
  expect(chunks.map(({ choices }) => choices)).toEqual([
    [{ index: 0, text: 'Good', logprobs: null, finish_reason: null }],
    [{ index: 0, text: ' day.', logprobs: null, finish_reason: null }],
    [{ index: 0, text: '', logprobs: null, finish_reason: 'length' }],
    [],
  ]);
  expect(chunks.every(({ object, id }) => object === 'text_completion' && id === 'cmpl-1')).toBe(true);
  expect(chunks.map(({ usage }) => usage?.total_tokens ?? null)).toEqual([null, null, null, expect.any(Number)]);
});

test('gives each of several prompts its choices', async () => {
  const prompt = ['one', 'two'];
  server.setChat(({ messages, n }) => `${JSON.stringify(messages)} ${n}`);
  const { choices } = await openai.completions.create({ ...hello, prompt, n: 2 });
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  const messages = prompt.map((content) => ({ role: 'user', content }));
  expect(choices[3]?.text).toBe(`${JSON.stringify(messages)} 4`);
  server.setChat({ choices: ['a b', 'c'] });
  const chunks = await chunksOf({ prompt });
  const said = (index: number): string =>
    chunks
      .flatMap(({ choices }) => choices.filter((choice) => choice.index === index).map(({ text }) => text))
      .join('');
  expect([said(0), said(1)]).toEqual(['a b', 'c']);
});

test('says in words what has no other form here', async () => {
  server.setChat([{ refusal: 'Rather not.' }, { toolCalls: [{ name: 'look_up', arguments: '{}' }] }]);
  expect((await openai.completions.create(hello)).choices).toMatchObject([{ text: 'Rather not.' }]);
  expect((await openai.completions.create(hello)).choices).toMatchObject([{ text: '', finish_reason: 'stop' }]);
});

test('gives log probabilities when asked, at once and streamed', async () => {
  server.setChat('Good day');
  const { choices } = await openai.completions.create({ ...hello, logprobs: 0 });
  expect(choices[0]?.logprobs).toMatchObject({ tokens: ['Good', ' day'], text_offset: [0, 4] });
  const streamed = (await chunksOf({ logprobs: 1 })).map((chunk) => chunk.choices[0]?.logprobs);
  expect(streamed).toMatchObject([
    { tokens: ['Good'], text_offset: [0] },
    { tokens: [' day'], text_offset: [4] },
    null,
  ]);
});

test('is recorded apart from chats, and counted with them', async () => {
  await openai.completions.create(hello);
  expect(server.chatRequests).toEqual([]);
  expect(server.completionsRequests).toMatchObject([{ endpoint: 'completions', path: '/v1/completions', body: hello }]);
  expect(server.generationRequests).toEqual(server.requests);
});

test('images: as many addresses as were asked for', async () => {
  expect(await openai.images.generate({ prompt: 'A sea' })).toEqual({
    created: expect.any(Number),
    data: [{ url: 'https://images.test/1-0.png' }],
  });
  expect((await openai.images.generate({ prompt: 'A sea', n: 2 })).data).toHaveLength(2);
  expect(server.imagesRequests).toMatchObject([{ endpoint: 'images', body: { prompt: 'A sea' } }, { body: { n: 2 } }]);
  expect(server.generationRequests).toEqual([]);
});
