import { createGuard, isConfigurationError } from '@chaperone/core';
import { testModerator } from '@chaperone/testing';
import { describe, expect, test } from 'vitest';
import { BEDROCK } from '../../test/fixtures/services.ts';
import { testFaults } from '../../test/support/test-faults.ts';
import { itemOf, reportOn, useVendor } from '../../test/support/use-vendor.ts';
import { bedrockGuardrail, type BedrockGuardrailOptions, type Sign } from '../index.ts';

const KEY = 'AWS4-canary-signature';
const NOTHING = { action: 'NONE', outputs: [], assessments: [{}] };
const vendor = useVendor(({ body }) => (JSON.stringify(body).includes('zorp') ? BEDROCK : NOTHING));
const sign: Sign = (request) => {
  const signed = new Request(request);
  signed.headers.set('authorization', KEY);
  return signed;
};
const make = (more: Partial<BedrockGuardrailOptions> = {}) =>
  bedrockGuardrail({ guardrail: 'gr1', version: '3', region: 'eu-central-1', sign, baseURL: vendor().url, ...more });
const answering = (answer: object): void => void (vendor().script = () => answer);

test('The guardrail is asked as the API says, and the request is signed', async () => {
  await reportOn(make({ guardrail: 'arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1' }), itemOf('Hello'));
  await reportOn(make({ version: 'DRAFT' }), itemOf('Hi.', 'output'));
  expect(vendor().requests).toMatchObject([
    {
      path: '/guardrail/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Aguardrail%2Fgr1/version/3/apply',
      headers: { authorization: KEY },
      body: { source: 'INPUT', content: [{ text: { text: 'Hello' } }] },
    },
    { path: '/guardrail/gr1/version/DRAFT/apply', body: { source: 'OUTPUT', content: [{ text: { text: 'Hi.' } }] } },
  ]);
});

test('What it blocks is flagged; what it detects or masks has a score; and nothing repeats what it matched', async () => {
  answering(BEDROCK);
  const report = await reportOn(make(), itemOf('x'));
  expect(report).toEqual({
    status: 'flagged',
    flagged: ['VIOLENCE', 'TOPIC'],
    scores: { VIOLENCE: 2 / 3, INSULTS: 1 / 3, TOPIC: 1, PII: 0.5 },
    message: 'Sorry, the model cannot answer this question.',
  });
  expect(JSON.stringify(report)).not.toContain('canary');
});

test('Masking alone is an intervention, and no block', async () => {
  const [assessment] = BEDROCK.assessments;
  const assessments = [{ sensitiveInformationPolicy: assessment?.sensitiveInformationPolicy }];
  answering({ ...BEDROCK, actionReason: 'Guardrail masked.', assessments });
  expect(await reportOn(make(), itemOf('x'))).toEqual({ status: 'clear', flagged: [], scores: { PII: 0.5 } });
});

test('An intervention that nothing explains is a flag all the same', async () => {
  answering({ ...BEDROCK, assessments: [{ somethingNewPolicy: {} }] });
  expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'flagged', flagged: [] });
});

test('A text of which it has looked at a part only has failed, unless that part is flagged', async () => {
  const guardrailCoverage = { textCharacters: { guarded: 0, total: 6 } };
  answering({ ...NOTHING, guardrailCoverage });
  expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'failed', reason: 'refused' });
  answering({ ...NOTHING, guardrailCoverage: { textCharacters: { guarded: 6, total: 6 } } });
  expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'clear' });
  answering({ ...BEDROCK, guardrailCoverage });
  expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'flagged' });
});

test.each<[string, object]>([
  ['that says so in its reason', { actionReason: 'Guardrail blocked.' }],
  ['by a policy that is not known here', { newPolicy: { hits: [null, { action: 'BLOCKED' }] } }],
])(
  'A block %s is flagged even where something was masked',
  async (_, { actionReason, ...policy }: { actionReason?: string }) => {
    const sensitiveInformationPolicy = { piiEntities: [{ type: 'EMAIL', action: 'ANONYMIZED' }] };
    answering({ ...BEDROCK, actionReason, assessments: [{ sensitiveInformationPolicy, ...policy }] });
    expect(await reportOn(make(), itemOf('x'))).toMatchObject({ status: 'flagged', flagged: [], scores: { PII: 0.5 } });
  },
);

test('A filter that detects with a confidence that is not known here scores 1', async () => {
  const filter = { type: 'VIOLENCE', confidence: 'VERY_HIGH', action: 'NONE', detected: true };
  answering({ ...NOTHING, assessments: [{ contentPolicy: { filters: [filter] } }] });
  expect(await reportOn(make(), itemOf('x'))).toEqual({ status: 'clear', flagged: [], scores: { VIOLENCE: 1 } });
});

test("Its message becomes the guard's, unless turned off", async () => {
  answering(BEDROCK);
  const messageWith = async (useMessage: boolean): Promise<string> =>
    (await createGuard({ moderators: [make({ useMessage })], message: 'Ours.' }).check('x')).message;
  expect([await messageWith(true), await messageWith(false)]).toEqual([BEDROCK.outputs[0]?.text, 'Ours.']);
  expect(make({ useMessage: true }).revision).not.toBe(make({ useMessage: false }).revision);
});

test('A signer that fails is a failure that will not pass; nothing is sent, and nothing that it threw is told', async () => {
  const broken = make({
    sign: () => {
      throw new Error('canary-secret');
    },
  });
  const report = await reportOn(broken, itemOf('x'));
  expect(report).toEqual({ status: 'failed', reason: 'denied', detail: 'The request could not be signed: see sign.' });
  expect(vendor().requests).toEqual([]);
});

test.each<[string, object]>([
  ['bedrockGuardrail.version must be a version', { version: 'latest' }],
  ['bedrockGuardrail.region must be a region', { region: 'eu/central' }],
  ['bedrockGuardrail.sign must be a function', { sign: 'key' }],
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
  make: (url) => bedrockGuardrail({ guardrail: 'gr1', version: '3', region: 'eu-central-1', sign, baseURL: url }),
  key: KEY,
  malformed: [
    ['an action of its own', { ...NOTHING, action: 'MAYBE' }],
    ['no assessments', { action: 'NONE' }],
    ['filters that are none', { ...NOTHING, assessments: [{ contentPolicy: { filters: [{ confidence: 'HIGH' }] } }] }],
  ],
});

describe('as a moderator', () => {
  testModerator(() => make(), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
