import type { Refusal } from '@chaperone/core';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../wire/answer.ts';
import { addCompletionUsage, readCompletion, refuseCompletion } from './completion.ts';
import { messageForm } from './form.ts';
import type { OpenAIRequest } from '../wire/request.ts';
import { refusalOf } from '../../test/refusal-of.ts';

const request = (body: OpenAIRequest['body'] = {}): OpenAIRequest => ({
  url: 'http://127.0.0.1/v1/chat/completions',
  headers: new Headers(),
  body: { model: 'm', messages: [], ...body },
});

const completionOf = (body: unknown, tools: readonly string[] = []): Answer => ({
  body,
  request: {
    url: '',
    headers: new Headers(),
    body: { tools: tools.map((name) => ({ type: 'function', function: { name } })) },
  },
});
const choice = (index: number, message: object, more: object = {}): object => ({
  index,
  message: { role: 'assistant', ...message },
  logprobs: null,
  finish_reason: 'stop',
  ...more,
});
const BODY = {
  id: 'chatcmpl-9',
  object: 'chat.completion',
  created: 1,
  model: 'm-2',
  choices: [
    choice(0, { content: 'zorp', refusal: null, tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }),
    choice(1, { content: 'fine' }, { logprobs: { content: [{ token: 'fine' }] } }),
  ],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  search_results: [{ title: 'zorp' }],
};

const refuse = (refusal: Partial<Refusal>, body?: OpenAIRequest['body'], completion?: Answer): unknown =>
  refuseCompletion(messageForm, request(body), refusalOf(refusal), completion).body;

describe('reading', () => {
  test('every string of every choice, unless nobody wrote it', () => {
    const message = {
      content: 'a',
      refusal: 'b',
      reasoning_content: 'c',
      reasoning: 'd',
      reasoning_details: [
        { type: 'reasoning.text', text: 'e', signature: 'sig', format: 'x-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'AAAA' },
      ],
      annotations: [{ type: 'url_citation', url_citation: { title: 'f', url: 'https://example.com' } }],
      audio: { id: 'au', data: 'UklGRg==', transcript: 'g', expires_at: 1 },
      function_call: { name: 'known', arguments: 'h' },
      tool_calls: [
        { id: 'c', type: 'function', function: { name: 'known', arguments: 'i' } },
        { id: 'c', type: 'custom', custom: { name: 'strange', input: 'j' } },
      ],
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
      field_of_tomorrow: { deep: ['k'] },
    };
    const { segments } = readCompletion(completionOf({ choices: [choice(0, message, { text: 'l' })] }, ['known']));
    expect(segments.map(({ path, kind, text }) => [path, kind, text])).toEqual([
      ['choices[0].message.content', 'text', 'a'],
      ['choices[0].message.refusal', 'refusal', 'b'],
      ['choices[0].message.reasoning_content', 'reasoning', 'c'],
      ['choices[0].message.reasoning', 'reasoning', 'd'],
      ['choices[0].message.reasoning_details[0].text', 'reasoning', 'e'],
      ['choices[0].message.annotations[0].url_citation.title', 'text', 'f'],
      ['choices[0].message.annotations[0].url_citation.url', 'text', 'https://example.com'],
      ['choices[0].message.audio', 'audio', undefined],
      ['choices[0].message.audio.transcript', 'text', 'g'],
      ['choices[0].message.function_call.arguments', 'tool-input', 'h'],
      ['choices[0].message.tool_calls[0].function.arguments', 'tool-input', 'i'],
      ['choices[0].message.tool_calls[1].custom.name', 'text', 'strange'],
      ['choices[0].message.tool_calls[1].custom.input', 'tool-input', 'j'],
      ['choices[0].message.images[0]', 'image', undefined],
      ['choices[0].message.field_of_tomorrow.deep[0]', 'text', 'k'],
      ['choices[0].text', 'text', 'l'],
    ]);
    expect(segments.every(({ role }) => role === 'assistant')).toBe(true);
  });

  test('usage, the choices that the provider took away, and what stands beside choices', () => {
    const body = { ...BODY, choices: [choice(0, {}), choice(1, {}, { finish_reason: 'content_filter' })] };
    expect(readCompletion(completionOf(body))).toEqual({
      segments: [{ kind: 'text', role: 'assistant', path: 'search_results[0].title', text: 'zorp' }],
      usage: { inputTokens: 3, outputTokens: 4 },
      providerBlocks: ['choices[1]'],
    });
  });

  test.for([undefined, null, 'text', [], {}, { choices: {} }, { error: { message: 'x' } }])(
    '%j is no completion',
    (body) => {
      expect(() => readCompletion(completionOf(body))).toThrow(TypeError);
    },
  );
});

describe('refusing', () => {
  test('only the flagged choice; of the rest of the answer only the head is left', () => {
    expect(
      refuse(
        { stage: 'output', paths: ['choices[0].message.content'], usage: { inputTokens: 5, outputTokens: 6 } },
        {},
        completionOf(BODY),
      ),
    ).toEqual({
      id: 'chatcmpl-9',
      object: 'chat.completion',
      created: 1,
      model: 'm-2',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'No, sorry.', refusal: null },
          logprobs: null,
          finish_reason: 'content_filter',
        },
        BODY.choices[1],
      ],
      usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
      chaperone: { decision: 'dec_1', stage: 'output', action: 'block' },
    });
  });

  test('choice 1 is not choice 10', () => {
    const choices = Array.from({ length: 11 }, (_, index) => choice(index, { content: 'fine' }));
    expect(refuse({ paths: ['choices[10].message.content'] }, {}, completionOf({ ...BODY, choices }))).toMatchObject({
      choices: choices.map((_choice, index) => ({ finish_reason: index === 10 ? 'content_filter' : 'stop' })),
    });
  });

  test.for([[], ['reply'], ['choices[0].message.content', 'reply']])('paths %j refuse everything', (paths) => {
    const body = refuse({ paths }, {}, completionOf(BODY));
    expect(body).toMatchObject({ choices: [{ finish_reason: 'content_filter' }, { finish_reason: 'content_filter' }] });
    expect(JSON.stringify(body)).not.toMatch(/zorp|fine/);
  });

  test('without an answer: a completion of its own with a choice for each that was asked for', () => {
    expect(refuse({ stage: 'input' }, { n: 2 })).toEqual({
      id: expect.stringMatching(/^chatcmpl-\w+$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'm',
      choices: [0, 1].map((index) => ({
        index,
        message: { role: 'assistant', content: 'No, sorry.', refusal: null },
        logprobs: null,
        finish_reason: 'content_filter',
      })),
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      chaperone: { decision: 'dec_1', stage: 'input', action: 'block' },
    });
    expect(refuse({ usage: 'unknown' })).not.toHaveProperty('usage');
  });

  test.for(['json_schema', 'json_object'])('structured output (%s) is refused beside its content', (type) => {
    expect(refuse({}, { response_format: { type } })).toMatchObject({
      choices: [{ message: { content: null, refusal: 'No, sorry.' } }],
    });
  });
});

test('usage of earlier attempts is added where there is any', () => {
  const added = addCompletionUsage(completionOf(BODY), { inputTokens: 10, outputTokens: 20 });
  expect(added.body).toEqual({ ...BODY, usage: { prompt_tokens: 13, completion_tokens: 24, total_tokens: 37 } });
  const silent = completionOf({ choices: [] });
  expect(addCompletionUsage(silent, { inputTokens: 10, outputTokens: 20 })).toBe(silent);
});
