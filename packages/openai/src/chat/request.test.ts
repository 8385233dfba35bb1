import { describe, expect, test } from 'vitest';
import type { OpenAIRequest } from '../wire/request.ts';
import { addFeedback, readRequest, rewriteRequest } from './request.ts';

function requestOf(body: OpenAIRequest['body'], headers: Record<string, string> = {}): OpenAIRequest {
  return { url: 'http://127.0.0.1/v1/chat/completions', headers: new Headers(headers), body };
}

/** The segments of one message, as `path kind role: text`. */
function segmentsOf(message: unknown, more: OpenAIRequest['body'] = {}): string[] {
  return readRequest(requestOf({ ...more, messages: [message] })).messages.flatMap(({ segments }) =>
    segments.map(({ path, kind, role, text, image }) => `${path} ${kind} ${role}: ${text ?? String(image ?? '')}`),
  );
}

describe('reading', () => {
  test.for([
    ['user', 'user', 'text'],
    ['system', 'system', 'text'],
    ['developer', 'system', 'text'],
    ['assistant', 'assistant', 'text'],
    ['tool', 'tool', 'tool-output'],
    ['function', 'tool', 'tool-output'],
  ])('what the %s says is by %s', ([wire, role, kind]) => {
    expect(segmentsOf({ role: wire, content: 'hi' })).toEqual([`messages[0].content ${kind} ${role}: hi`]);
  });

  test('a role that nobody knows is the user, and is read itself: a template may write it out', () => {
    expect(segmentsOf({ role: 'somebody', content: 'hi' })).toEqual([
      'messages[0].content text user: hi',
      'messages[0].role text user: somebody',
    ]);
  });

  test.for([null, undefined, '', []])('content %j is a message without segments', (content) => {
    const { messages } = readRequest(requestOf({ messages: [{ role: 'assistant', content }] }));
    expect(messages).toEqual([{ role: 'assistant', path: 'messages[0]', segments: [] }]);
  });

  test('every part', () => {
    const content = [
      { type: 'text', text: 'one' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
      { type: 'image_url', image_url: { url: 'not an address' } },
      { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
      { type: 'file', file: { file_data: 'data:text/plain;base64,aGk=', filename: 'my holiday.txt' } },
      { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } },
      { type: 'refusal', refusal: 'no' },
      { type: 'news', id: 'x1', inner: { headline: 'two', lines: ['three', ''] }, 'a key of prose': 'four' },
      'five',
    ];
    expect(segmentsOf({ role: 'user', content })).toEqual([
      'messages[0].content[0].text text user: one',
      'messages[0].content[1] image user: https://example.com/a.png',
      'messages[0].content[2] image user: ',
      'messages[0].content[3] audio user: ',
      'messages[0].content[4] file user: ',
      'messages[0].content[4].file.filename text user: my holiday.txt',
      'messages[0].content[5] video user: ',
      'messages[0].content[6].refusal refusal user: no',
      'messages[0].content[7].inner.headline text user: two',
      'messages[0].content[7].inner.lines[0] text user: three',
      'messages[0].content[7].{3} text user: four',
      'messages[0].content[8] text user: five',
    ]);
  });

  test('everything that an assistant may have done', () => {
    const message = {
      role: 'assistant',
      content: 'said',
      refusal: 'refused',
      reasoning_content: 'thought',
      audio: { id: 'audio_1' },
      function_call: { name: 'look', arguments: '{"a":1}' },
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"b":2}' } },
        { id: 'c2', type: 'custom', custom: { name: 'made up', input: 'free' } },
        { id: 'c3', type: 'function', function: { name: 'look', arguments: { c: ['d'] } } },
      ],
    };
    expect(segmentsOf(message, { tools: [{ type: 'function', function: { name: 'look' } }] })).toEqual([
      'messages[0].content text assistant: said',
      'messages[0].refusal refusal assistant: refused',
      'messages[0].reasoning_content reasoning assistant: thought',
      'messages[0].audio audio assistant: ',
      'messages[0].function_call.arguments tool-input assistant: {"a":1}',
      'messages[0].tool_calls[0].function.arguments tool-input assistant: {"b":2}',
      'messages[0].tool_calls[1].custom.name text assistant: made up',
      'messages[0].tool_calls[1].custom.input tool-input assistant: free',
      'messages[0].tool_calls[2].function.arguments tool-input assistant: {"c":["d"]}',
    ]);
  });

  test('a name is text, unless the developer gave it to a tool', () => {
    expect(segmentsOf({ role: 'user', name: 'zorp', content: 'hi' })).toContain('messages[0].name text user: zorp');
    expect(
      segmentsOf({ role: 'tool', name: 'zorp', content: 'hi' }, { functions: [{ name: 'zorp' }] }),
    ).not.toContainEqual(expect.stringContaining('.name'));
  });

  test.for([{}, { messages: 'hi' }, { messages: {} }])('%j cannot be read', (body) => {
    expect(() => readRequest(requestOf(body))).toThrow(TypeError);
  });

  test.for([
    [{}, false],
    [{ store: true }, true],
    [{ store: false }, false],
    [{ web_search_options: {} }, true],
    [{ tools: [{ type: 'function' }, { type: 'custom' }] }, false],
    [{ tools: [{ type: 'function' }, { type: 'web_search' }] }, true],
  ] as const)('%j: acts at once is %s', ([body, expected]) => {
    expect(readRequest(requestOf({ ...body, messages: [] })).actsAtOnce).toBe(expected);
  });
});

describe('rewriting', () => {
  const messages = [
    { role: 'user', content: 'keep' },
    {
      role: 'user',
      name: 'zorp',
      content: [
        { type: 'text', text: 'zorp' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'file', file: { file_data: 'data:,x', filename: 'zorp.txt' } },
        { type: 'odd', 'a key of prose': 'zorp' },
      ],
    },
    {
      role: 'assistant',
      content: 'zorp',
      audio: { id: 'audio_1' },
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"zorp":1}' } },
        { id: 'c2', type: 'function', function: { name: 'look', arguments: { zorp: 1 } } },
        { id: 'c3', type: 'custom', custom: { name: 'look', input: 'zorp' } },
      ],
    },
  ];
  const body = { model: 'm', messages, tools: [{ type: 'function', function: { name: 'look' } }] };

  test('every segment that can be read can be replaced, and nothing is left of it', () => {
    const request = requestOf(body);
    const before = structuredClone(body);
    const edits = readRequest(request)
      .messages.slice(1)
      .flatMap(({ segments }) => segments.map(({ path, kind }) => ({ path, kind, placeholder: '[removed]' })));
    const rewritten = rewriteRequest(request, edits);
    expect(JSON.stringify(rewritten?.body)).not.toMatch(/zorp|example|data:|audio_1/);
    expect(rewritten?.body['messages']).toEqual([
      messages[0],
      {
        role: 'user',
        name: 'removed',
        content: [
          { type: 'text', text: '[removed]' },
          { type: 'text', text: '[removed]' },
          { type: 'text', text: '[removed]' },
          { type: 'odd', 'a key of prose': '[removed]' },
        ],
      },
      {
        role: 'assistant',
        content: '[removed]',
        audio: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'look', arguments: {} } },
          { id: 'c3', type: 'custom', custom: { name: 'look', input: '{}' } },
        ],
      },
    ]);
    expect(body).toEqual(before);
  });

  test('copies only what changes', () => {
    const rewritten = rewriteRequest(requestOf(body), [
      { path: 'messages[1].content[0].text', kind: 'text', placeholder: '[removed]' },
    ]);
    expect(rewritten?.body['messages']).toMatchObject([
      { content: 'keep' },
      { content: [{ text: '[removed]' }, {}, {}, {}] },
      {},
    ]);
    expect(Object.values(rewritten?.body['messages'] ?? {})[2]).toBe(messages[2]);
  });

  test.for([
    { authorization: 'AWS4-HMAC-SHA256 Credential=…' },
    { 'x-amz-content-sha256': 'abc' },
    { signature: 'sig1=:abc:' },
    { 'content-digest': 'sha-256=:abc:' },
  ])('a body that %j speaks for stays as it is', (headers) => {
    const request = requestOf(
      body,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('…', 'x')])),
    );
    expect(rewriteRequest(request, [])).toBeUndefined();
    expect(addFeedback(request, 'better')).toBeUndefined();
  });
});

describe('feedback', () => {
  test('is the last word, by the system or by the developer', () => {
    const last = (messages: readonly unknown[]): unknown =>
      Object.values(addFeedback(requestOf({ messages }), 'better')?.body['messages'] ?? {}).at(-1);
    expect(last([{ role: 'user', content: 'hi' }])).toEqual({ role: 'system', content: 'better' });
    expect(last([{ role: 'developer', content: 'be kind' }])).toEqual({ role: 'developer', content: 'better' });
  });
});
