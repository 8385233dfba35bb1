import { createGuard, reject, retry, type Decision, type Guard, type GuardOptions } from '@chaperone/core';
import { fakeModerator, type FakeModerator } from '@chaperone/testing';
import * as fc from 'fast-check';
import OpenAI from 'openai';
import type { Response as ModelResponse, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { guardOpenAI, type GuardFetchOptions } from '../src/index.ts';
import type { JsonObject } from '../src/wire/json.ts';
import { framesOf, messageEvents, messageItem, opening, response, textPart } from './support/responses-wire.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';

interface Setting {
  readonly openai: OpenAI;
  readonly moderator: FakeModerator;
  readonly guard: Guard;
  readonly sent: JsonObject[];
  readonly flagged: Decision[];
}

/** What upstream answers: a response, or the events of a stream, at once or as somebody hands them out. */
type Upstream = JsonObject | readonly JsonObject[] | AsyncIterable<JsonObject>;

/** A guarded client with such an upstream. */
function setting(
  answer: Upstream,
  options: Omit<Partial<GuardOptions>, 'moderators' | 'policy'> = {},
  fetchOptions: GuardFetchOptions = {},
): Setting {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const guard = createGuard({ moderators: [moderator], fallback: reject({ message: REFUSED }), ...options });
  const sent: JsonObject[] = [];
  const flagged: Decision[] = [];
  guard.on('flagged', ({ decision }) => flagged.push(decision));
  const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    if (typeof init?.body === 'string') sent.push(JSON.parse(init.body) as JsonObject);
    return upstreamOf(answer);
  };
  const client = new OpenAI({ apiKey: 'test', baseURL: 'http://127.0.0.1:9/v1', fetch, maxRetries: 0 });
  return { openai: guardOpenAI(client, guard, fetchOptions), moderator, guard, sent, flagged };
}

function upstreamOf(answer: Upstream): Response {
  const headers = { 'content-type': 'text/event-stream' };
  if (isEvents(answer)) return new Response(Buffer.concat(framesOf(answer).map(({ bytes }) => bytes)), { headers });
  if (!isPaced(answer)) return Response.json(answer);
  let at = 0;
  const iterator = answer[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) return controller.close();
      const [frame] = framesOf([value], at++);
      if (frame) controller.enqueue(frame.bytes);
    },
    cancel: async () => void (await iterator.return?.()),
  });
  return new Response(body, { headers });
}

function isEvents(answer: Upstream): answer is readonly JsonObject[] {
  return Array.isArray(answer);
}

function isPaced(answer: Upstream): answer is AsyncIterable<JsonObject> {
  return Symbol.asyncIterator in answer;
}

/** Events that come one after the other. */
async function* paced(events: readonly JsonObject[], milliseconds = 3): AsyncGenerator<JsonObject> {
  for (const event of events) {
    await sleep(milliseconds);
    yield event;
  }
}

const input = (text: string) => ({ model: 'gpt-test', input: text });

async function eventsOf(openai: OpenAI, text = 'Hello'): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of await openai.responses.create({ ...input(text), stream: true })) events.push(event);
  return events;
}

/** What the client's own helper makes of a stream: it checks every place, item and number. */
async function accumulated(openai: OpenAI): Promise<{ response: ModelResponse; events: ResponseStreamEvent[] }> {
  const stream = openai.responses.stream(input('Hello'));
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return { response: await stream.finalResponse(), events };
}

/** What holds for every stream, refused or not. */
function expectWellFormed(events: readonly ResponseStreamEvent[]): void {
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, at) => at));
  expect(events[0]?.type).toBe('response.created');
  expect(events.at(-1)?.type).toMatch(/^response\.(completed|incomplete|failed)$/);
  const open = new Set<number>();
  for (const event of events) {
    if (event.type === 'response.output_item.added') open.add(event.output_index);
    if (event.type === 'response.output_item.done') expect(open.delete(event.output_index)).toBe(true);
  }
  expect([...open]).toEqual([]);
}

describe('A whole response', () => {
  test('that is clean is the very one that upstream gave', async () => {
    const answer = response([messageItem('Fine weather.')]);
    const { openai, moderator } = setting(answer);
    const { data, response: raw } = await openai.responses.create(input('Hello')).withResponse();
    expect(data).toMatchObject({ ...answer, output_text: 'Fine weather.' });
    expect([...raw.headers.keys()].filter((name) => name.startsWith('x-chaperone'))).toEqual([]);
    expect(moderator.texts).toEqual(['Hello', 'Fine weather.']);
  });

  test('whose input is flagged is not asked for', async () => {
    const { openai, sent } = setting(response([]));
    const refused = await openai.responses.create(input(`A ${MARKER}?`));
    expect(sent).toEqual([]);
    expect(refused).toMatchObject({
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output_text: REFUSED,
      error: null,
      usage: { total_tokens: 0 },
      chaperone: { stage: 'input', action: 'block' },
    });
  });

  test("whose input is flagged is an error with as: 'error'", async () => {
    const { openai } = setting(response([]), {}, { as: 'error' });
    await expect(openai.responses.create(input(`A ${MARKER}?`))).rejects.toMatchObject({
      status: 400,
      code: 'content_filter',
      param: 'input',
    });
  });

  const places: readonly (readonly [string, JsonObject])[] = [
    ['text', messageItem(`A ${MARKER}.`)],
    ['a refusal', messageItem('', { content: [{ type: 'refusal', refusal: `No ${MARKER}.` }] })],
    [
      'an annotation',
      messageItem('', { content: [{ ...textPart('See.'), annotations: [{ type: 'url_citation', title: MARKER }] }] }),
    ],
    ['a reasoning summary', { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: MARKER }] }],
    ['reasoning', { id: 'rs_1', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: MARKER }] }],
    ['arguments', { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'look', arguments: `{"at":"${MARKER}"}` }],
    [
      'the name of a tool that nobody declared',
      { id: 'fc_1', type: 'function_call', call_id: 'c', name: MARKER, arguments: '{}' },
    ],
    ['a custom tool call', { id: 'ct_1', type: 'custom_tool_call', call_id: 'c', name: 'look', input: MARKER }],
    [
      'a web search',
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: MARKER } },
    ],
    [
      'a file search',
      { id: 'fs_1', type: 'file_search_call', status: 'completed', queries: ['x'], results: [{ text: MARKER }] },
    ],
    [
      'code',
      {
        id: 'ci_1',
        type: 'code_interpreter_call',
        status: 'completed',
        code: MARKER,
        outputs: null,
        container_id: 'c',
      },
    ],
    [
      'what code printed',
      { id: 'ci_1', type: 'code_interpreter_call', code: '1', outputs: [{ type: 'logs', logs: MARKER }] },
    ],
    [
      'what a server answered',
      { id: 'mcp_1', type: 'mcp_call', name: 'look', server_label: 's', arguments: '{}', output: MARKER },
    ],
    ['an approval', { id: 'mcpr_1', type: 'mcp_approval_request', name: 'look', server_label: 's', arguments: MARKER }],
    [
      'what a screen is to do',
      { id: 'cc_1', type: 'computer_call', call_id: 'c', action: { type: 'type', text: MARKER } },
    ],
    ['a shell command', { id: 'sh_1', type: 'shell_call', call_id: 'c', action: { commands: [MARKER] } }],
    [
      'a patch',
      {
        id: 'ap_1',
        type: 'apply_patch_call',
        call_id: 'c',
        operation: { type: 'update_file', path: 'x', diff: MARKER },
      },
    ],
    [
      'the prompt of an image',
      { id: 'ig_1', type: 'image_generation_call', status: 'completed', result: 'QUJD', revised_prompt: MARKER },
    ],
    ['an item that nobody knows', { id: 'x_1', type: 'hologram', said: { deep: [MARKER] } }],
    ['a field that nobody knows', messageItem('Fine.', { thoughts: MARKER })],
  ];
  test.for(places)('is refused for %s', async ([, item]) => {
    const { openai, flagged } = setting(response([messageItem('Before.', { id: 'msg_0' }), item]));
    const refused = await openai.responses.create(input('Hello'));
    expect(JSON.stringify(refused)).not.toContain(MARKER);
    expect(refused).toMatchObject({
      status: 'incomplete',
      output_text: REFUSED,
      id: 'resp_1',
      usage: { total_tokens: 5 },
    });
    expect(refused.output).toHaveLength(1);
    expect(flagged).toHaveLength(1);
    expect(flagged[0]?.findings[0]?.path).toMatch(/^output\[1\]/);
  });

  test('is refused for a field of its own that nobody knows', async () => {
    const { openai } = setting(response([messageItem('Fine.')], { epilogue: MARKER }));
    expect(await openai.responses.create(input('Hello'))).toMatchObject({ output_text: REFUSED });
  });

  test('that is structured is refused where no parser looks', async () => {
    const { openai } = setting(response([messageItem(`{"calm":"${MARKER}"}`)]));
    const format = { type: 'json_schema', name: 'mood', schema: {} } as const;
    const parsed = await openai.responses.parse({ ...input('Hello'), text: { format } });
    expect(parsed.output_parsed).toBeNull();
    expect(parsed.output[0]).toMatchObject({ content: [{ type: 'refusal', refusal: REFUSED }] });
  });

  test('is told as blocked by the provider where its own filter cut it', async () => {
    const { guard, openai } = setting(
      response([messageItem('Fine')], { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }),
    );
    const told: unknown[] = [];
    guard.on('flagged', (event) => told.push(event));
    expect(await openai.responses.create(input('Hello'))).toMatchObject({ output_text: 'Fine' });
    expect(told).toMatchObject([{ source: 'provider', decision: { stage: 'output' } }]);
  });

  test('with an item that says nothing anybody can read passes, and is told as unsupported', async () => {
    const { openai } = setting(response([messageItem('Fine.'), { id: 'h_1', type: 'hologram', shape: 12 }]));
    const { data, response: raw } = await openai.responses.create(input('Hello')).withResponse();
    expect(data.output_text).toBe('Fine.');
    expect(raw.headers.get('x-chaperone-unchecked')).toBe('unsupported');
  });

  test('is generated again with a word to the model, in a list of its own', async () => {
    const answers = [response([messageItem(MARKER)]), response([messageItem('Better.')])];
    const { openai, sent } = setting(answers[0] ?? {}, {
      output: { fallback: retry({ otherwise: reject({ message: REFUSED }) }) },
    });
    await openai.responses.create(input('Hello'));
    expect(sent[1]?.['input']).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'developer', content: expect.any(String) },
    ]);
  });
});

describe('What is read of a request', () => {
  const ask = async (body: object, options: Omit<Partial<GuardOptions>, 'moderators' | 'policy'> = {}) => {
    const made = setting(response([messageItem('Fine.')]), options);
    const answer = await made.openai.responses.create({ model: 'gpt-test', ...body } as never).withResponse();
    return { ...made, answer };
  };

  const items: readonly (readonly [string, JsonObject])[] = [
    ['a message', { role: 'user', content: MARKER }],
    ['a part of a message', { role: 'user', content: [{ type: 'input_text', text: MARKER }] }],
    ['the name of a file', { role: 'user', content: [{ type: 'input_file', filename: MARKER, file_data: 'data:,x' }] }],
    ['the result of a function', { type: 'function_call_output', call_id: 'c', output: MARKER }],
    [
      'the parts of a result',
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: MARKER }] },
    ],
    ['the result of a custom tool', { type: 'custom_tool_call_output', call_id: 'c', output: MARKER }],
    ['what a shell printed', { type: 'shell_call_output', call_id: 'c', output: [{ stdout: MARKER, stderr: '' }] }],
    [
      'the tools of a server',
      { type: 'mcp_list_tools', id: 'm', server_label: 's', tools: [{ name: 'x', description: MARKER }] },
    ],
    [
      'why an approval was not given',
      { type: 'mcp_approval_response', approve: false, reason: MARKER, approval_request_id: 'a' },
    ],
    ['a role that nobody knows', { role: 'oracle', content: MARKER }],
    ['an item that nobody knows', { type: 'hologram', said: MARKER }],
  ];
  test.for(items)('%s', async ([, item]) => {
    const { sent, answer } = await ask({ input: [{ role: 'user', content: 'Hello' }, item] });
    expect(sent).toEqual([]);
    expect(answer.data).toMatchObject({ status: 'incomplete', output_text: REFUSED });
  });

  test('not what the developer wrote', async () => {
    const { moderator } = await ask({
      instructions: 'Be brief.',
      input: [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: 'Hello' },
      ],
    });
    expect(moderator.texts).toEqual(['Hello', 'Fine.']);
  });

  test.for([
    { previous_response_id: 'resp_0' },
    { conversation: 'conv_1' },
    { conversation: { id: 'conv_1' } },
    { prompt: { id: 'pmpt_1' } },
  ])('that %o stands for a chat that nobody can see', async (body) => {
    const { answer, sent } = await ask({ ...body, input: 'Hello' });
    expect(sent).toHaveLength(1);
    expect(answer.response.headers.get('x-chaperone-unchecked')).toBe('unsupported');
    const { sent: none } = await ask({ ...body, input: 'Hello' }, { whenUnchecked: { unsupported: 'block' } });
    expect(none).toEqual([]);
  });

  test.for([
    { type: 'item_reference', id: 'msg_0' },
    { type: 'compaction', encrypted_content: 'QUJD' },
  ])('that %o stands for something that nobody can see', async (item) => {
    const { answer } = await ask({ input: [item, { role: 'user', content: 'Hello' }] });
    expect(answer.response.headers.get('x-chaperone-unchecked')).toBe('unsupported');
  });

  test('what is put into a template', async () => {
    const { sent } = await ask({ prompt: { id: 'pmpt_1', variables: { topic: MARKER } } });
    expect(sent).toEqual([]);
  });

  test('an older turn that is flagged is taken out with its answer, and with sealed reasoning', async () => {
    const { sent, answer } = await ask({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: `Tell me of ${MARKER}.` }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'QUJD' },
        {
          type: 'message',
          id: 'msg_0',
          role: 'assistant',
          status: 'completed',
          content: [textPart('I would rather not.')],
        },
        { role: 'user', content: 'What grows by the sea?' },
      ],
    });
    expect(answer.data.output_text).toBe('Fine.');
    expect(JSON.stringify(sent)).not.toMatch(/zorp|rather not|Hm\.|QUJD/);
    expect(sent[0]?.['input']).toEqual([
      { role: 'user', content: [{ type: 'input_text', text: '[removed]' }] },
      { type: 'message', role: 'assistant', status: 'completed', content: [textPart('[removed]')] },
      { role: 'user', content: 'What grows by the sea?' },
    ]);
  });
});

describe('A streamed response', () => {
  test('that is clean arrives byte for byte', async () => {
    const events = messageEvents(['Fine ', 'weather ', 'by the sea.']);
    const { openai, moderator } = setting(events);
    const raw = await openai.responses.create({ ...input('Hello'), stream: true }).asResponse();
    expect(await raw.text()).toBe(Buffer.concat(framesOf(events).map(({ bytes }) => bytes)).toString());
    expect(moderator.texts).toEqual(['Hello', 'Fine weather by the sea.']);
  });

  test('whose input is flagged is a stream that refuses', async () => {
    const { openai, sent } = setting([]);
    const stream = openai.responses.stream(input(`A ${MARKER}?`));
    const final = await stream.finalResponse();
    expect(sent).toEqual([]);
    expect(final).toMatchObject({ status: 'incomplete', output_text: REFUSED });
    expectWellFormed(await eventsOf(openai, `A ${MARKER}?`));
  });

  test('that is flagged after its first sentence closes what has left, and refuses', async () => {
    const pieces = ['A first sentence. ', 'Then a second, longer one that ', `holds a ${MARKER} at its end.`];
    const { openai } = setting(paced(messageEvents(pieces)));
    const { response: final, events } = await accumulated(openai);
    expectWellFormed(events);
    expect(JSON.stringify(events)).not.toContain(MARKER);
    expect(final.status).toBe('incomplete');
    expect(final.output).toMatchObject([
      { id: 'msg_1', status: 'incomplete', content: [{ text: 'A first sentence. \n\n' }] },
      { status: 'completed', content: [{ text: REFUSED }] },
    ]);
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      chaperone: { stage: 'output', action: 'block' },
    });
  });

  test('that is structured and has left in part is left as it is, and refused beside', async () => {
    const pieces = ['{"calm":"A first ', `day. A ${MARKER} came by`, ', and it went."}'];
    const { openai } = setting(paced(messageEvents(pieces)), { output: { release: 'immediate' } });
    const stream = openai.responses.stream({
      ...input('Hello'),
      text: { format: { type: 'json_schema', name: 'mood', schema: {} } },
    });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expectWellFormed(events);
    const deltas = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []));
    expect(pieces.slice(0, deltas.length)).toEqual(deltas);
    expect((await stream.finalResponse()).output.at(-1)).toMatchObject({ content: [{ refusal: REFUSED }] });
  });

  test('that comes as one document is a reply: judged whole, also with release "immediate"', async () => {
    const { openai, guard } = setting(response([messageItem(`A ${MARKER}.`)]), { output: { release: 'immediate' } });
    const calls: string[] = [];
    guard.on('settled', ({ call }) => calls.push(call));
    const came = await openai.responses.create({ ...input('Hello'), stream: true }).asResponse();
    expect(await came.json()).toMatchObject({ output: [{ content: [{ text: REFUSED }] }] });
    expect(calls).toEqual(['reply']);
  });

  const item = (index: number, value: JsonObject, more: readonly JsonObject[] = []): JsonObject[] => [
    {
      type: 'response.output_item.added',
      output_index: index,
      item: { ...value, ...(value['type'] === 'function_call' && { arguments: '' }) },
    },
    ...more,
    { type: 'response.output_item.done', output_index: index, item: value },
  ];
  const message = (index: number, text: string): JsonObject[] =>
    messageEvents([text])
      .slice(2, -1)
      .map((event) => ({ ...event, output_index: index }));
  const done = (output: readonly JsonObject[]): JsonObject => ({
    type: 'response.completed',
    response: response(output),
  });

  test('flows on after a search of the server, and not after a call that the caller makes', async () => {
    const search: JsonObject = {
      id: 'ws_1',
      type: 'web_search_call',
      status: 'completed',
      action: { type: 'search', query: 'sea' },
    };
    const call: JsonObject = { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' };
    const said = 'A first sentence. And then another one.';
    for (const [first, isHeld] of [
      [search, false],
      [call, true],
    ] as const) {
      const end = Promise.withResolvers<undefined>();
      const { openai } = setting(
        (async function* () {
          yield* paced([...opening(), ...item(0, first), ...message(1, said)]);
          await end.promise;
          yield done([first, messageItem(said)]);
        })(),
      );
      const got: string[] = [];
      const reading = (async () => {
        for await (const { type } of await openai.responses.create({ ...input('Hello'), stream: true })) got.push(type);
      })();
      await sleep(150);
      expect(got.includes('response.output_text.delta')).toBe(!isHeld);
      end.resolve(undefined);
      await reading;
      expect(got.at(-1)).toBe('response.completed');
    }
  });

  test.for([
    ['arguments', { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'look', arguments: `{"at":"${MARKER}"}` }],
    [
      'a search',
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: MARKER } },
    ],
    ['an item that nobody knows', { id: 'x_1', type: 'hologram', said: MARKER }],
  ] as const)('is refused for %s', async ([, value]) => {
    const { openai, flagged } = setting([
      ...opening(),
      ...item(0, value),
      ...message(1, 'Fine.'),
      done([value, messageItem('Fine.')]),
    ]);
    const { response: final, events } = await accumulated(openai);
    expectWellFormed(events);
    expect(JSON.stringify(events)).not.toContain(MARKER);
    expect(final.output_text).toBe(REFUSED);
    expect(flagged).toHaveLength(1);
  });

  test('is refused for arguments that come in pieces, of which none leaves', async () => {
    const call: JsonObject = {
      id: 'fc_1',
      type: 'function_call',
      call_id: 'c',
      name: 'look',
      arguments: `{"at":"${MARKER}"}`,
    };
    const where = { item_id: 'fc_1', output_index: 0 };
    const { openai } = setting([
      ...opening(),
      ...item(0, call, [
        { type: 'response.function_call_arguments.delta', ...where, delta: '{"at":"zo' },
        { type: 'response.function_call_arguments.delta', ...where, delta: 'rp"}' },
        { type: 'response.function_call_arguments.done', ...where, arguments: call['arguments'] },
      ]),
      done([call]),
    ]);
    const { events } = await accumulated(openai);
    expect(JSON.stringify(events)).not.toMatch(/function_call|"\{/);
    expectWellFormed(events);
  });

  test('is refused for what only its last event says', async () => {
    const events = messageEvents(['Fine.']).slice(0, -1);
    const { openai } = setting([...events, done([messageItem(`Not so ${MARKER}.`)])]);
    const { response: final, events: got } = await accumulated(openai);
    expect(JSON.stringify(got)).not.toContain(MARKER);
    expect(final.status).toBe('incomplete');
  });

  test('is refused for an event that nobody knows, and passes with one that is clean', async () => {
    const withEvent = (more: JsonObject): JsonObject[] => messageEvents(['Fine.']).toSpliced(3, 0, more);
    const { openai } = setting(withEvent({ type: 'response.hologram.delta', output_index: 0, beam: MARKER }));
    expect(JSON.stringify(await eventsOf(openai))).not.toContain(MARKER);
    const clean = withEvent({ type: 'response.hologram.delta', output_index: 0, beam: 'calm' });
    const passed = setting(clean);
    expect((await eventsOf(passed.openai)).map(({ type }) => type)).toEqual(clean.map(({ type }) => type));
    expect(passed.moderator.texts).toContain('calm');
  });

  test('is refused where a text goes on after its end', async () => {
    const events = messageEvents(['Calm zo']);
    const { openai } = setting(
      events.toSpliced(-1, 0, {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: 'rp',
      }),
    );
    const { response: final } = await accumulated(openai);
    expect(final.status).toBe('incomplete');
  });

  test('that is cut off ends as it came, and is told as an error', async () => {
    const { openai, guard } = setting(messageEvents(['Fine.']).slice(0, -1));
    const settled: unknown[] = [];
    guard.on('settled', ({ delivery }) => settled.push(delivery));
    expect((await eventsOf(openai)).at(-1)?.type).toBe('response.output_item.done');
    expect(settled).toEqual(['errored']);
  });

  test('for any text and pieces, never holds a part of what is flagged, and is well formed', async () => {
    const word = fc.constantFrom('a', 'calm', 'sea.', 'Yes!', MARKER, '🙂', '\n', 'und so weiter');
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        async (text, sizes) => {
          const pieces: string[] = [];
          for (let at = 0, turn = 0; at < text.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            pieces.push(text.slice(at, at + size));
            at += size;
          }
          const { openai } = setting(messageEvents(pieces));
          const { response: final, events } = await accumulated(openai);
          expectWellFormed(events);
          if (text.includes(MARKER)) {
            expect(final.status).toBe('incomplete');
            const said = events
              .map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''))
              .join('');
            expect(said.replace(REFUSED, '')).not.toMatch(/zo(r|rp)?$|zorp/);
            expect(JSON.stringify(events)).not.toContain(MARKER);
          } else expect(final.output_text).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('A stored response', () => {
  test('is judged when it is read again, whole and streamed', async () => {
    const { openai, flagged } = setting(response([messageItem(MARKER)]));
    expect(await openai.responses.retrieve('resp_1')).toMatchObject({ status: 'incomplete', id: 'resp_1' });
    expect(flagged).toHaveLength(1);
    const streamed = setting(messageEvents([MARKER]));
    const events: ResponseStreamEvent[] = [];
    for await (const event of await streamed.openai.responses.retrieve('resp_1', { stream: true })) events.push(event);
    expectWellFormed(events);
    expect(JSON.stringify(events)).not.toContain(MARKER);
  });

  test('that is clean, or still being made, passes as it is', async () => {
    for (const answer of [response([messageItem('Fine.')]), response([], { status: 'in_progress', usage: null })]) {
      const { openai } = setting(answer);
      expect(await openai.responses.retrieve('resp_1')).toMatchObject(answer);
    }
  });
});
