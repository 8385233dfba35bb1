import { isConfigurationError } from '@chaperone/core';
import { moderateOptions, testModerator } from '@chaperone/testing';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { MISTRAL } from '../../test/fixtures/services.ts';
import { testFaults } from '../../test/support/test-faults.ts';
import { itemOf, reportOn, useVendor } from '../../test/support/use-vendor.ts';
import { mistralModeration, type MistralModerationOptions } from '../index.ts';

const KEY = 'key-canary-88';
const [result] = MISTRAL.results;
const bodySchema = z.object({ model: z.string(), input: z.array(z.string()) });
const vendor = useVendor(({ body }) => ({
  ...MISTRAL,
  results: bodySchema.parse(body).input.map((text) => ({
    ...result,
    categories: { ...result?.categories, health: false, violence_and_threats: text.includes('zorp') },
  })),
}));
const make = (more: MistralModerationOptions = {}) =>
  mistralModeration({ apiKey: KEY, baseURL: `${vendor().url}/v1`, ...more });

test('Texts go together, with the key and the model', async () => {
  await make({ model: 'mistral-moderation-2603' }).moderate(
    [itemOf('one'), itemOf(''), itemOf('two')],
    moderateOptions(),
  );
  expect(vendor().requests).toMatchObject([
    {
      path: '/v1/moderations',
      headers: { authorization: `Bearer ${KEY}` },
      body: { model: 'mistral-moderation-2603', input: ['one', 'two'] },
    },
  ]);
});

test("The answer of Mistral's documentation is flagged by its categories, for it has no sum of them", async () => {
  vendor().script = () => MISTRAL;
  expect(await reportOn(make(), itemOf('x'))).toEqual({
    status: 'flagged',
    flagged: ['health'],
    scores: result?.category_scores,
    model: 'mistral-moderation-2603',
    responseId: MISTRAL.id,
  });
});

test('A category that it does not list is handed on', async () => {
  const categories = { dangerous_and_criminal_content: true };
  vendor().script = () => ({
    ...MISTRAL,
    results: [{ categories, category_scores: { dangerous_and_criminal_content: 0.7 } }],
  });
  expect(await reportOn(make(), itemOf('x'))).toMatchObject({ flagged: ['dangerous_and_criminal_content'] });
  expect(make({ categories: ['dangerous_and_criminal_content'] } as object).categories).toContain(
    'dangerous_and_criminal_content',
  );
});

test('The key comes from the environment; without one it is not made', () => {
  vi.stubEnv('MISTRAL_API_KEY', undefined);
  expect(() => mistralModeration()).toThrow('mistralModeration.apiKey is missing');
  expect(() => mistralModeration()).toThrow(expect.toSatisfy(isConfigurationError));
  vi.stubEnv('MISTRAL_API_KEY', KEY);
  expect(mistralModeration().name).toBe('mistral-moderation');
});

testFaults({
  vendor,
  make: (url) => mistralModeration({ apiKey: KEY, baseURL: url }),
  key: KEY,
  malformed: [
    ['too few results', { ...MISTRAL, results: [] }],
    ['too many results', { ...MISTRAL, results: [result, result] }],
    ['a score that is a text', { ...MISTRAL, results: [{ ...result, category_scores: { health: '0.9' } }] }],
    ['no category', { ...MISTRAL, results: [{ categories: {}, category_scores: {} }] }],
    ['no scores', { ...MISTRAL, results: [{ categories: {} }] }],
  ],
});

describe('as a moderator', () => {
  testModerator(() => make(), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
