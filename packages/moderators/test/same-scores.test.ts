import { createGuard, type Decision, type Moderator, type Policy } from '@chaperone/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { AZURE } from './fixtures/services.ts';
import {
  azureContentSafety,
  mapCategories,
  mistralModeration,
  openaiDecisions,
  openaiModeration,
} from '../src/index.ts';
import { startVendor, type Vendor, type VendorRequest } from './support/vendor.ts';

/** What every service is told to find: the number in the text. */
const scoreOf = (request: VendorRequest): number => Number(/0\.\d+|[01](?=\D)/.exec(JSON.stringify(request.body))?.[0]);
const inputSchema = z.object({ input: z.union([z.string(), z.array(z.unknown())]) });

let vendor: Vendor;
beforeAll(async () => {
  vendor = await startVendor((request) => {
    const score = scoreOf({ ...request, body: inputSchema.safeParse(request.body).data?.input ?? request.body });
    if (request.path.startsWith('/openai'))
      return {
        results: [
          { flagged: score >= 0.5, categories: { violence: score >= 0.5 }, category_scores: { violence: score } },
        ],
      };
    if (request.path.startsWith('/mistral')) {
      const name = 'violence_and_threats';
      return { results: [{ categories: { [name]: score >= 0.5 }, category_scores: { [name]: score } }] };
    }
    if (request.path.startsWith('/decisions'))
      return { answers: [{ type: 'predicate', name: 'violence', probability: score }] };
    return {
      categoriesAnalysis: AZURE.categoriesAnalysis.map(({ category }) => ({
        category,
        severity: category === 'Violence' ? Math.round(score * 7) : 0,
      })),
    };
  });
});
afterAll(() => vendor[Symbol.asyncDispose]());

const MODERATORS: { readonly [name: string]: () => Moderator } = {
  openai: () => openaiModeration({ baseURL: `${vendor.url}/openai`, apiKey: 'none' }),
  mistral: () =>
    mapCategories(mistralModeration({ baseURL: `${vendor.url}/mistral`, apiKey: 'none' }), {
      from: 'mistral',
      to: 'openai',
    }),
  decisions: () =>
    openaiDecisions({
      baseURL: `${vendor.url}/decisions`,
      apiKey: 'none',
      questions: { violence: 'Is this violent?' },
    }),
  azure: () =>
    mapCategories(azureContentSafety({ endpoint: vendor.url, apiKey: 'none' }), { from: 'azure', to: 'openai' }),
};
const POLICY: Policy = { categories: { violence: { warn: 0.2, review: 0.4, block: 0.7 } } };
const actionOf = async (moderators: readonly Moderator[], score: number): Promise<Decision['action']> =>
  (await createGuard<Moderator>({ moderators, policy: POLICY }).check(`The number is ${score} here.`)).action;

// Scores that a severity of eight steps can say too.
describe.each([
  [0, 'allow'],
  [1 / 7, 'allow'],
  [2 / 7, 'warn'],
  [3 / 7, 'review'],
  [5 / 7, 'block'],
  [1, 'block'],
] as const)('on the score %d', (score, action) => {
  test.each(Object.keys(MODERATORS))(`%s alone comes to ${action}`, async (name) => {
    expect(await actionOf([MODERATORS[name]!()], score)).toBe(action);
  });

  test('all of them together come to the same, in any order', async () => {
    const all = Object.values(MODERATORS).map((make) => make());
    expect(await actionOf(all, score)).toBe(action);
    expect(await actionOf(all.toReversed(), score)).toBe(action);
  });
});
