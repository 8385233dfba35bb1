import { isConfigurationError, type CategoryOf } from '@chaperone/core';
import { testModerator } from '@chaperone/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { DECISION } from '../../test/fixtures/services.ts';
import { testFaults } from '../../test/support/test-faults.ts';
import { itemOf, reportOn, useVendor } from '../../test/support/use-vendor.ts';
import { openaiDecisions, type OpenAIDecisionsOptions } from '../index.ts';

const KEY = 'sk-canary-51';
const questions = { medical: 'Does this give medical advice?', legal: 'Does this give legal advice?' };
const vendor = useVendor(({ body }) => ({
  ...DECISION,
  answers: DECISION.answers.map((answer) =>
    answer.name === 'medical' && !JSON.stringify(body).includes('zorp') ? { ...answer, probability: 0.01 } : answer,
  ),
}));
const make = (more: Partial<OpenAIDecisionsOptions<'medical' | 'legal'>> = {}) =>
  openaiDecisions({ questions, apiKey: KEY, baseURL: `${vendor().url}/v1`, ...more });
const answering = (answers: readonly object[]): void => void (vendor().script = () => ({ ...DECISION, answers }));

test('All questions go in one request, with the text as a message of its own', async () => {
  await reportOn(make(), itemOf('Take two zorps a day.', 'output'));
  expect(vendor().requests).toMatchObject([
    {
      path: '/v1/decisions',
      headers: { authorization: `Bearer ${KEY}` },
      body: {
        model: 'gpt-6-luna',
        input: [{ role: 'assistant', content: 'Take two zorps a day.' }],
        questions: [
          { type: 'predicate', name: 'medical', instructions: questions.medical },
          { type: 'predicate', name: 'legal', instructions: questions.legal },
        ],
      },
    },
  ]);
});

test('The probabilities are the scores, and what is likely is flagged', async () => {
  vendor().script = () => DECISION;
  expect(await reportOn(make(), itemOf('x'))).toEqual({
    status: 'flagged',
    flagged: ['medical'],
    scores: { medical: 0.91, legal: 0.02 },
    model: 'gpt-6-luna-2026-10-06',
  });
  expect(await reportOn(make({ flagFrom: 0.95 }), itemOf('x'))).toMatchObject({
    status: 'clear',
    scores: { medical: 0.91 },
  });
  expect(await reportOn(make({ flagFrom: 0.91 }), itemOf('x'))).toMatchObject({ flagged: ['medical'] });
});

test('An image goes with the text of its message', async () => {
  await reportOn(make(), itemOf(new URL('https://example.test/a.png'), 'input', 'Look'));
  expect(vendor().requests[0]?.body).toMatchObject({
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: 'https://example.test/a.png' },
        ],
      },
    ],
  });
});

describe('a refusal', () => {
  const refusal = { type: 'refusal', name: 'legal' };
  test('has failed, and is no 0', async () => {
    answering([{ type: 'predicate', name: 'medical', probability: 0.01 }, refusal]);
    expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'failed', reason: 'refused' });
  });
  test('is not hidden by what another question has flagged', async () => {
    answering([{ type: 'predicate', name: 'medical', probability: 0.9 }, refusal]);
    expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'failed', reason: 'refused' });
  });
});

test('Its categories are the names of the questions, in the type too', () => {
  const moderator = openaiDecisions({ questions: { medical: 'Is it?', 'off-topic': 'Is it?' }, apiKey: KEY });
  expect(moderator.categories).toEqual(['medical', 'off-topic']);
  expectTypeOf<CategoryOf<typeof moderator>>().toEqualTypeOf<'medical' | 'off-topic'>();
});

test.each<[string, object]>([
  ['openaiDecisions.questions must be an object of 1 to 400 questions', { questions: {} }],
  ['openaiDecisions.questions must be an object', { questions: ['Is it?'] }],
  ['openaiDecisions.questions', { questions: { '*': 'Is it?' } }],
  ['openaiDecisions.questions.medical must be', { questions: { medical: ' ' } }],
  ['openaiDecisions.flagFrom must be a probability', { flagFrom: 0 }],
  ['openaiDecisions.threshold is not an option', { threshold: 0.7 }],
])('%s', (problem, options) => {
  try {
    make(options);
    expect.unreachable();
  } catch (error) {
    expect(isConfigurationError(error) && error.message).toContain(problem);
  }
});

const [medical, legal] = DECISION.answers;
testFaults({
  vendor,
  make: (url) => openaiDecisions({ questions, apiKey: KEY, baseURL: url }),
  key: KEY,
  malformed: [
    ['too few answers', { ...DECISION, answers: [legal] }],
    ['two answers to one question', { ...DECISION, answers: [legal, { ...medical, probability: 0 }, medical] }],
    ['answers to other questions', { ...DECISION, answers: [legal, { ...medical, name: 'other' }] }],
    ['an answer of another type', { ...DECISION, answers: [legal, { ...medical, type: 'score' }] }],
    ['a probability beyond 1', { ...DECISION, answers: [legal, { ...medical, probability: 1.2 }] }],
  ],
});

describe('as a moderator', () => {
  testModerator(() => make(), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
