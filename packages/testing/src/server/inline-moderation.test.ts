import OpenAI from 'openai';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startServer } from '../index.ts';

const judged: string[] = [];
const server = await startServer({
  moderation: (text, images) => {
    judged.push([text, ...images].join('|'));
    return { flagged: text.includes('zorp') ? ['violence'] : [] };
  },
});
const openai = new OpenAI({ apiKey: 'any', baseURL: server.url, maxRetries: 0 });
afterAll(() => server.close());
beforeEach(() => {
  server.reset();
  judged.length = 0;
});

const model = 'omni-moderation-latest';
const says = (content: string): { model: string; messages: { role: 'user'; content: string }[] } => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content }],
});

const result = (flagged: boolean): object => ({
  type: 'moderation_result',
  model,
  flagged,
  categories: expect.objectContaining({ violence: flagged, hate: false }),
  category_scores: expect.objectContaining({ violence: flagged ? 0.9 : 0.0001 }),
  category_applied_input_types: expect.objectContaining({ violence: ['text'] }),
});
const results = (...flagged: readonly boolean[]): object => ({
  type: 'moderation_results',
  model,
  results: flagged.map(result),
});

test('a chat has a list of results for each side, one for each choice', async () => {
  server.setChat({ choices: ['A walk.', { refusal: 'No zorp.' }] });
  const { moderation } = await openai.chat.completions.create({ ...says('Tell me.'), moderation: { model } });
  expect(moderation).toEqual({ input: results(false), output: results(false, true) });
  expect(server.moderated).toEqual([]);
});

test('a streamed chat has them in a chunk without a choice, before the usage', async () => {
  server.setChat('A zorp.');
  const stream = await openai.chat.completions.create({
    ...says('A zorp?'),
    moderation: { model },
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const [finish, moderation, usage] = chunks.slice(-3);
  expect(finish?.choices[0]?.finish_reason).toBe('stop');
  expect(moderation).toMatchObject({ choices: [], moderation: { input: results(true), output: results(true) } });
  expect(usage).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  expect(chunks.filter((chunk) => chunk.moderation)).toHaveLength(1);
});

test('a response has one result for each side, all choices together, and a stream has it at its end', async () => {
  server.setChat({ choices: ['A walk.', 'A zorp.'] });
  const asked = { model: 'gpt-test', input: 'Tell me.', moderation: { model } };
  const { moderation } = await openai.responses.create(asked);
  expect(moderation).toEqual({ input: result(false), output: result(true) });
  const events = [];
  for await (const event of await openai.responses.create({ ...asked, stream: true })) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { moderation } });
  expect(JSON.stringify(events.slice(0, -1))).not.toContain('moderation_result');
});

test('one side can fail, and the other and the answer are good', async () => {
  const error = { code: 'server_error', message: 'The moderation failed.' };
  server.setChat([
    { content: 'A walk.', moderationErrors: { input: error } },
    { content: 'A walk.', moderationErrors: { output: error } },
  ]);
  const { choices, moderation } = await openai.chat.completions.create({ ...says('Hello'), moderation: { model } });
  expect(choices[0]?.message.content).toBe('A walk.');
  expect(moderation).toEqual({ input: { type: 'error', ...error }, output: results(false) });
  const response = await openai.responses.create({ model: 'gpt-test', input: 'Hello', moderation: { model } });
  expect(response.moderation).toEqual({ input: result(false), output: { type: 'error', ...error } });
});

test('of a request everything but the instructions is judged, of an answer all that is said', async () => {
  server.setChat({ reasoning: 'Hm.', content: 'Yes.', toolCalls: [{ name: 'f', arguments: '{}' }] });
  await openai.chat.completions.create({
    model: 'gpt-test',
    messages: [
      { role: 'system', content: 'Never say zorp.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://example.test/a.png' } },
        ],
      },
      { role: 'assistant', content: 'I see.' },
    ],
    moderation: { model },
  });
  await openai.responses.create({
    model: 'gpt-test',
    instructions: 'Never say zorp.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: 'https://example.test/b.png', detail: 'auto' },
        ],
      },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'found' },
    ],
    moderation: { model },
  });
  expect(judged).toEqual([
    'Look\nI see.|https://example.test/a.png',
    'Hm.\nYes.\n{}',
    'Look\nfound|https://example.test/b.png',
    'Hm.\nYes.\n{}',
  ]);
});

test('nothing is judged where nobody asked', async () => {
  expect(await openai.chat.completions.create(says('A zorp?'))).not.toHaveProperty('moderation');
  expect(await openai.responses.create({ model: 'gpt-test', input: 'A zorp?' })).not.toHaveProperty('moderation');
  await openai.chat.completions.create({ ...says('A zorp?'), moderation: null });
  await openai.completions.create({ model: 'gpt-test', prompt: 'A zorp?' });
  expect(judged).toEqual([]);
});
