import { createGuard, isConfigurationError } from '@chaperone/core';
import { testModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { AZURE } from '../../test/fixtures/services.ts';
import { testFaults } from '../../test/support/test-faults.ts';
import { itemOf, reportOn, useVendor } from '../../test/support/use-vendor.ts';
import { azureContentSafety, azureSeverity, type AzureContentSafetyOptions } from '../index.ts';

const KEY = 'key-canary-12';
const BYTES = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1]);
const severities = (violence: number) => ({
  ...AZURE,
  categoriesAnalysis: AZURE.categoriesAnalysis.map((each) =>
    each.category === 'Violence' ? { ...each, severity: violence } : each,
  ),
});
const vendor = useVendor(({ body }) => severities(JSON.stringify(body).includes('zorp') ? 6 : 0));
const make = (more: Partial<AzureContentSafetyOptions> = {}) =>
  azureContentSafety({ endpoint: vendor().url, apiKey: KEY, ...more });

test('A text is asked about with eight severities, the key in its own header, and the blocklists', async () => {
  await reportOn(make({ blocklists: ['ours'] }), itemOf('Hello'));
  expect(vendor().requests).toMatchObject([
    {
      path: '/contentsafety/text:analyze?api-version=2024-09-01',
      headers: { 'ocp-apim-subscription-key': KEY },
      body: { text: 'Hello', outputType: 'EightSeverityLevels', blocklistNames: ['ours'], haltOnBlocklistHit: false },
    },
  ]);
  expect(vendor().requests[0]?.headers).not.toHaveProperty('authorization');
});

test('An image is asked about by its bytes; at an address it is unsupported', async () => {
  expect(await reportOn(make(), itemOf(BYTES))).toMatchObject({ status: 'clear' });
  expect(vendor().requests).toMatchObject([
    {
      path: '/contentsafety/image:analyze?api-version=2024-09-01',
      body: { image: { content: 'iVBORwE=' }, outputType: 'FourSeverityLevels' },
    },
  ]);
  expect(await reportOn(make(), itemOf(new URL('https://example.test/a.png')))).toEqual({
    status: 'unsupported',
    reason: 'kind',
  });
  expect(vendor().requests).toHaveLength(1);
});

test('The answer of its documentation is flagged from the medium severity on', async () => {
  vendor().script = () => AZURE;
  expect(await reportOn(make(), itemOf('x'))).toEqual({
    status: 'flagged',
    flagged: ['Violence'],
    scores: { Hate: 2 / 7, SelfHarm: 0, Sexual: 0, Violence: 5 / 7 },
  });
  expect(await reportOn(make({ flagFrom: 2 }), itemOf('x'))).toMatchObject({ flagged: ['Hate', 'Violence'] });
  expect(await reportOn(make({ flagFrom: 6 }), itemOf('x'))).toMatchObject({ status: 'clear' });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])('Severity %i becomes a score, and comes back from it', async (severity) => {
  vendor().script = () => severities(severity);
  const report = await reportOn(make(), itemOf('x'));
  expect(report?.status).toBe(severity >= 4 ? 'flagged' : 'clear');
  const score = report && 'scores' in report ? report.scores['Violence'] : undefined;
  expect(azureSeverity(score ?? -1)).toBe(severity);
});

test('A harm that is named twice counts by its higher severity', async () => {
  const twice = (...severity: number[]) => severity.map((each) => ({ category: 'Violence', severity: each }));
  for (const violence of [twice(0, 6), twice(6, 0)]) {
    const others = severities(0).categoriesAnalysis.filter(({ category }) => category !== 'Violence');
    vendor().script = () => ({ ...AZURE, categoriesAnalysis: [...others, ...violence] });
    expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'flagged', scores: { Violence: 6 / 7 } });
  }
});

test('A match of a blocklist is a category of its own, and says nothing of what it matched', async () => {
  vendor().script = () => ({
    ...severities(0),
    blocklistsMatch: [{ blocklistName: 'ours', blocklistItemId: '1', blocklistItemText: 'canary-item' }],
  });
  const report = await reportOn(make(), itemOf('x'));
  expect(report).toMatchObject({ status: 'flagged', flagged: ['Blocklist'] });
  expect(JSON.stringify(report)).not.toContain('canary');
});

test('A text of more than 10,000 characters goes in pieces', async () => {
  const guard = createGuard({ moderators: [make()] });
  expect((await guard.check('A calm day. '.repeat(2_000))).action).toBe('allow');
  expect(vendor().requests.length).toBeGreaterThan(2);
});

test.each<[string, object]>([
  ['azureContentSafety.endpoint must be an http or https address', { endpoint: 'my-resource' }],
  ['azureContentSafety.apiKey must be a text', { apiKey: undefined }],
  ['azureContentSafety.flagFrom must be a severity', { flagFrom: 0.5 }],
])('%s', (problem, options) => {
  try {
    make(options);
    expect.unreachable();
  } catch (error) {
    expect(isConfigurationError(error) && error.message).toContain(problem);
  }
});

testFaults({
  vendor,
  make: (url) => azureContentSafety({ endpoint: url, apiKey: KEY }),
  key: KEY,
  malformed: [
    ['a harm missing', { ...AZURE, categoriesAnalysis: AZURE.categoriesAnalysis.slice(1) }],
    ['no severity', { ...AZURE, categoriesAnalysis: AZURE.categoriesAnalysis.map(({ category }) => ({ category })) }],
    ['a severity of 8', severities(8)],
    ['a severity of 0.5', severities(0.5)],
  ],
});

describe('as a moderator', () => {
  testModerator(() => make(), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
