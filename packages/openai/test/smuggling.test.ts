import { createGuard } from '@chaperone/core';
import { fakeModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { guardFetch } from '../src/index.ts';

const URL = 'http://127.0.0.1/v1/chat/completions';
const encoder = new TextEncoder();

function guardOf(timing: 'before' | 'during' = 'before'): ReturnType<typeof createGuard> {
  return createGuard({ moderators: [fakeModerator({ flags: { zorp: 'odd' } })], input: { timing } });
}

/** What a caller gets of an upstream that answers with these events, or this object. */
async function answerOf(upstream: readonly string[] | object): Promise<string> {
  const isStream = Array.isArray(upstream);
  const events = isStream ? upstream.map((event: string) => `${event}\n\n`).join('') : JSON.stringify(upstream);
  const inner: typeof fetch = () =>
    Promise.resolve(
      new Response(encoder.encode(events), {
        headers: { 'content-type': isStream ? 'text/event-stream' : 'application/json' },
      }),
    );
  const response = await guardFetch(inner, guardOf())(URL, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', stream: isStream, messages: [{ role: 'user', content: 'hi' }] }),
  });
  return response.text();
}

describe('Text that hides from the judge does not leave', () => {
  const chunk = (delta: object, rest: object = {}): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, ...rest }] })}`;
  const end = 'data: [DONE]';

  test.each<readonly [where: string, events: readonly string[]]>([
    ['an event with no choices', [chunk({ content: 'fine' }), 'data: {"choices":[],"text":"zorp"}', end]],
    [
      'an event with an error',
      [chunk({ content: 'fine' }), 'data: {"error":{"message":"x"},"output":"zorp zorp"}', end],
    ],
    ['a field for what is opaque', [chunk({ content: 'fine', signature: 'a zorp in prose' }), end]],
    ['a field for a format', [chunk({ content: 'fine', format: 'zorp zorp' }), end]],
    ['data that is called encrypted', [chunk({ reasoning_details: [{ type: 'encrypted', data: 'zorp zorp' }] }), end]],
    [
      'what only a guard says',
      [chunk({ content: 'fine' }), 'data: {"choices":[],"chaperone":{"decision":"a zorp"}}', end],
    ],
    ['the reason of an end', [chunk({ content: 'fine' }, { stop_reason: 'zorp zorp' }), end]],
  ])('in a stream: %s', async (_where, events) => {
    expect(await answerOf(events)).not.toContain('zorp');
  });

  test.each<readonly [where: string, message: object]>([
    ['a field for what is opaque', { content: 'fine', signature: 'a zorp in prose' }],
    ['a field nobody has heard of', { content: 'fine', aside: { deep: ['zorp'] } }],
    ['a legacy function call', { content: null, function_call: { name: 'f', arguments: '{"a":"zorp"}' } }],
  ])('in a whole reply: %s', async (_where, message) => {
    const reply = { object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', ...message } }] };
    expect(await answerOf(reply)).not.toContain('zorp');
  });

  test('an event of an error that says nothing else still arrives', async () => {
    expect(await answerOf(['data: {"error":{"message":"overloaded"}}'])).toContain('overloaded');
  });
});

describe('What is sent is what was judged', () => {
  const sentFor = async (body: string, headers: Record<string, string> = {}): Promise<string> => {
    let sent = '';
    const inner: typeof fetch = (_input, init) => {
      sent = typeof init?.body === 'string' ? init.body : '';
      return Promise.resolve(Response.json({ object: 'chat.completion', choices: [] }));
    };
    await guardFetch(inner, guardOf())(URL, { method: 'POST', body, headers });
    return sent;
  };

  test('a key that is said twice is sent once, as it was read', async () => {
    const twice =
      '{"messages":[{"role":"user","content":"zorp"}],"messages":[{"role":"user","content":"hi","content":"hello"}]}';
    expect(await sentFor(twice)).toBe('{"messages":[{"role":"user","content":"hello"}]}');
  });

  test('any other body is sent byte for byte, however it is spaced', async () => {
    const spaced = '{ "messages" : [\n {"role":"user", "content":"say \\"a\\": \\u0062"} ] }';
    expect(await sentFor(spaced)).toBe(spaced);
  });
});

describe("A provider that acts by itself is not asked before the verdict, with timing 'during'", () => {
  test.each<readonly [what: string, more: object]>([
    ['stored', { store: true }],
    ['web search', { web_search_options: {} }],
    ['a search model', { model: 'gpt-4o-search-preview' }],
    ['data sources', { data_sources: [{ type: 'azure_search' }] }],
    ['plugins', { plugins: [{ id: 'web' }] }],
    ["a provider's own tool", { tools: [{ type: 'web_search' }] }],
  ])('%s', async (_what, more) => {
    let asked = 0;
    const inner: typeof fetch = () => {
      asked++;
      return Promise.resolve(Response.json({ object: 'chat.completion', choices: [] }));
    };
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'zorp' }], ...more });
    await guardFetch(inner, guardOf('during'))(URL, { method: 'POST', body });
    expect(asked).toBe(0);
  });
});

describe("A block by the provider's own filter is told", () => {
  test.each<readonly [what: string, error: object, told: number]>([
    ['a request that it refuses', { code: 'content_filter', message: 'x', innererror: { code: 'y' } }, 1],
    ['and no other error', { code: 'context_length_exceeded', message: 'x' }, 0],
  ])('%s', async (_what, error, told) => {
    const guard = guardOf();
    const sources: string[] = [];
    guard.on('flagged', ({ source, decision }) => sources.push(`${source} ${decision.stage}`));
    const inner: typeof fetch = () => Promise.resolve(Response.json({ error }, { status: 400 }));
    const response = await guardFetch(inner, guard)(URL, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error });
    expect(sources).toEqual(Array<string>(told).fill('provider input'));
  });
});
