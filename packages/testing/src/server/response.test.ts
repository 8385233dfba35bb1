import OpenAI, { APIError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startServer, type Answer } from '../index.ts';

const server = await startServer();
const openai = new OpenAI({ apiKey: 'any', baseURL: server.url, maxRetries: 0 });
afterAll(() => server.close());
beforeEach(() => server.reset());

const hello = { model: 'gpt-test', input: 'Hello' };

async function eventsOf(more: object = {}): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of await openai.responses.create({ ...hello, ...more, stream: true })) events.push(event);
  return events;
}

/** Every way to say something. */
const ANSWERS: { readonly [name: string]: Answer } = {
  'a text': 'Good day to you.',
  'a text in pieces': { chunks: ['Go', 'od day', ''] },
  nothing: '',
  'a refusal': { refusal: 'I would rather not.' },
  'a text and a refusal': { content: 'Well.', refusal: 'Rather not.' },
  'reasoning and a text': { reasoning: 'Let me see.', content: 'Yes.' },
  'tool calls': {
    toolCalls: [
      { name: 'look_up', arguments: '{"first":"argument"}' },
      { id: 'mine', name: 'b', arguments: '' },
    ],
  },
  'several choices': { choices: ['one', { refusal: 'two' }, { reasoning: 'Hm.', content: 'three' }] },
  'other items': {
    content: 'Found.',
    items: [
      { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'holly' } },
      { type: 'mcp_call', name: 'read', server_label: 'files', arguments: '{"a":1}', output: 'text of a file' },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_1', name: 'shell', input: 'ls' },
      { type: 'something_new', whisper: 'hush' },
    ],
  },
  'what was cut': { content: 'And then', finishReason: 'length' },
  'what was filtered': { content: 'And then', finishReason: 'content_filter' },
};

describe.for(Object.entries(ANSWERS))('%s', ([, answer]) => {
  test('is the same at once, streamed, and in what the client puts together', async () => {
    server.setChat(answer);
    const { output_text: text, ...whole } = await openai.responses.create(hello);
    server.reset();
    server.setChat(answer);
    const events = await eventsOf();
    const last = events.at(-1)!;
    expect(['response.completed', 'response.incomplete']).toContain(last.type);
    expect(last).toMatchObject({ response: whole });
    server.reset();
    server.setChat(answer);
    const { output, output_text } = await openai.responses.stream(hello).finalResponse();
    expect(output).toMatchObject(whole.output);
    expect(output_text).toBe(text);
  });

  test('is said in the order and with the numbers of the real service', async () => {
    server.setChat(answer);
    const events = await eventsOf();
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.in_progress']);
    const open: string[] = []; // what has begun and is not done, the innermost last
    let items = 0;
    let said = '';
    for (const event of events.slice(2, -1)) {
      const { type, output_index, text, refusal, arguments: sent, delta }: Fields = { ...event };
      const kind = type.replace(/\.\w+$/, '');
      expect(output_index).toBe(items);
      if (type.endsWith('.added')) open.push(kind);
      if (type.endsWith('.delta')) said += typeof delta === 'string' ? delta : '';
      if (type.endsWith('.done')) {
        const whole = text ?? refusal ?? sent;
        if (whole === undefined) expect(open.pop()).toBe(kind);
        else expect(said).toBe(whole);
        said = '';
      }
      if (type === 'response.output_item.done') items += 1;
    }
    expect(open).toEqual([]);
  });
});

/** What events of several types have. */
interface Fields {
  readonly type: string;
  readonly output_index?: number;
  readonly delta?: unknown;
  readonly text?: string;
  readonly refusal?: string;
  readonly arguments?: string;
}

test('a text, event by event', async () => {
  server.setChat('Good day.');
  const response = await fetch(`${server.url}/responses`, {
    method: 'POST',
    body: JSON.stringify({ ...hello, stream: true }),
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '');
  const events = frames.map((frame) => {
    const [, name, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? [];
    const event = JSON.parse(data) as ResponseStreamEvent;
    expect(event.type).toBe(name);
    return event;
  });
  const at = { item_id: 'msg_1_0', output_index: 0, content_index: 0 };
  const part = { type: 'output_text', annotations: [], logprobs: [], text: 'Good day.' };
  const message = { id: 'msg_1_0', type: 'message', role: 'assistant', status: 'completed', content: [part] };
  const start = { id: 'resp_1', object: 'response', status: 'in_progress', output: [], usage: null };
  expect(events).toMatchObject([
    { type: 'response.created', response: start },
    { type: 'response.in_progress', response: start },
    { type: 'response.output_item.added', output_index: 0, item: { ...message, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...at, delta: 'Good', logprobs: [] },
    { type: 'response.output_text.delta', ...at, delta: ' day.', logprobs: [] },
    { type: 'response.output_text.done', ...at, text: 'Good day.', logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item: message },
    { type: 'response.completed', response: { status: 'completed', output: [message], error: null } },
  ]);
});

test('says each thing in an item of its kind', async () => {
  server.setChat({
    choices: [
      {
        reasoning: 'Let me see.',
        content: 'Yes.',
        items: [{ type: 'something_new', id: 'new_1', status: 'completed' }],
        toolCalls: [{ name: 'look_up', arguments: '{}' }],
      },
      { refusal: 'No.' },
    ],
    model: 'gpt-other',
    usage: { inputTokens: 3, outputTokens: 4 },
  });
  const { output, output_text, status, usage, model } = await openai.responses.create(hello);
  expect(output).toEqual([
    { id: 'rs_1_0', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }] },
    { type: 'something_new', id: 'new_1', status: 'completed' },
    expect.objectContaining({ id: 'msg_1_0', type: 'message', content: [expect.objectContaining({ text: 'Yes.' })] }),
    {
      id: 'fc_1_0_0',
      type: 'function_call',
      call_id: 'call_1_0_0',
      name: 'look_up',
      arguments: '{}',
      status: 'completed',
    },
    expect.objectContaining({ id: 'msg_1_1', type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }),
  ]);
  expect([output_text, status, model]).toEqual(['Yes.', 'completed', 'gpt-other']);
  expect(usage).toMatchObject({ input_tokens: 3, output_tokens: 4, total_tokens: 7 });
});

test.for([
  ['length', 'max_output_tokens'],
  ['content_filter', 'content_filter'],
])('is incomplete where it ended with %s', async ([finishReason = '', reason], { expect }) => {
  server.setChat({ content: 'And then', finishReason });
  expect(await openai.responses.create(hello)).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason },
    output: [{ status: 'incomplete' }],
  });
  expect((await eventsOf()).at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete' } });
});

test('parses structured output, at once and streamed', async () => {
  server.setChat('{"day":"holly"}');
  const text = { format: zodTextFormat(z.object({ day: z.string() }), 'day') };
  const { output_parsed } = await openai.responses.parse({ ...hello, text });
  expect(output_parsed).toEqual({ day: 'holly' });
  const streamed = await openai.responses.stream({ ...hello, text }).finalResponse();
  expect(streamed.output_parsed).toEqual({ day: 'holly' });
  server.setChat({ refusal: 'Rather not.' });
  expect((await openai.responses.parse({ ...hello, text })).output_parsed).toBeNull();
});

test('gives log probabilities when asked, at once and streamed', async () => {
  server.setChat('Good day');
  const include = { include: ['message.output_text.logprobs' as const] };
  const whole = await openai.responses.create({ ...hello, ...include });
  expect(whole.output).toMatchObject([{ content: [{ logprobs: [{ token: 'Good' }, { token: ' day' }] }] }]);
  const deltas = (await eventsOf(include)).filter(({ type }) => type === 'response.output_text.delta');
  expect(deltas).toMatchObject([{ logprobs: [{ token: 'Good' }] }, { logprobs: [{ token: ' day' }] }]);
});

test('asks a script with the messages of a chat, whatever was sent', async () => {
  server.setChat(({ messages }) => JSON.stringify(messages));
  const said = async (more: object): Promise<unknown> =>
    JSON.parse((await openai.responses.create({ ...hello, ...more })).output_text);
  expect(await said({ instructions: 'Be brief.' })).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
  ]);
  const content = [{ type: 'input_text', text: 'Look' }];
  const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'c', output: 'found' };
  expect(await said({ input: [{ role: 'user', content }, call, output] })).toEqual([
    { role: 'user', content },
    { ...call, role: 'assistant' },
    { ...output, role: 'tool' },
  ]);
  server.setChat(({ reasoning }) => JSON.stringify(reasoning));
  expect(await said({ reasoning: { effort: 'low' } })).toEqual({ effort: 'low' });
});

test('says again what was asked for', async () => {
  const asked = { instructions: 'Be brief.', metadata: { a: 'b' }, store: false, max_output_tokens: 20 };
  expect(await openai.responses.create({ ...hello, ...asked })).toMatchObject(asked);
});

test('an error in a stream is the one that the client throws', async () => {
  server.fault('chat', 'error-in-body');
  const error = await eventsOf().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ type: 'server_error', message: expect.stringContaining('error while processing') });
});

test('is recorded apart from chats, and counted with them', async () => {
  await openai.responses.create(hello);
  await openai.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] });
  expect(server.responsesRequests).toMatchObject([{ endpoint: 'responses', path: '/v1/responses', body: hello }]);
  expect(server.chatRequests).toMatchObject([{ endpoint: 'chat' }]);
  expect(server.generationRequests).toEqual(server.requests);
});

test('takes its time as it is told', async () => {
  server.setChat({ reasoning: 'a b', content: 'c d e' });
  server.setTiming({ reply: 100, firstToken: 50, perToken: 20 });
  const took = async (work: Promise<unknown>): Promise<number> => {
    const begun = performance.now();
    await work;
    return performance.now() - begun;
  };
  expect(await took(openai.responses.create(hello))).toBeGreaterThanOrEqual(99);
  expect(await took(eventsOf())).toBeGreaterThanOrEqual(129); // 50 to the first of five tokens, 20 to each that follows
});
