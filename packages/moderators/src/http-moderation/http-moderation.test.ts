import {
  createGuard,
  isConfigurationError,
  type ContentPart,
  type Item,
  type Segment,
  type Stage,
} from '@chaperone/core';
import { moderateOptions, testModerator } from '@chaperone/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { DIFY, EXTENSION } from '../../test/fixtures/http-moderation.ts';
import { testFaults } from '../../test/support/test-faults.ts';
import { startVendor, type Vendor } from '../../test/support/vendor.ts';
import { httpModeration, type HTTPModerationOptions } from '../index.ts';

const KEY = 'key-canary-31';
const holdsZorp = ({ body }: { readonly body: unknown }) => ({ flagged: JSON.stringify(body).includes('zorp') });

let vendor: Vendor;
beforeAll(async () => {
  vendor = await startVendor(holdsZorp);
});
afterAll(() => vendor[Symbol.asyncDispose]());
afterEach(() => {
  vendor.reset();
  vendor.script = holdsZorp;
  vi.restoreAllMocks();
});

const make = (options: Partial<HTTPModerationOptions> = {}) =>
  httpModeration({ url: `${vendor.url}/check`, apiKey: KEY, ...options });
const text = (words: string): Segment => ({ kind: 'text', role: 'user', path: 'p', text: words });
const image = (picture: URL | Uint8Array): Segment => ({ kind: 'image', role: 'user', path: 'q', image: picture });
const PICTURE = new URL('https://example.test/picture.png');
const BYTES = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1]);

const itemOf = (message: readonly Segment[], stage: Stage = 'input'): Item => ({
  segment: message[0]!,
  stage,
  message,
});
async function reportOn(message: readonly Segment[], options: Partial<HTTPModerationOptions> = {}, stage?: Stage) {
  const [report] = await make(options).moderate([itemOf(message, stage)], moderateOptions());
  return report;
}
const answering = (answer: unknown): void => void (vendor.script = () => answer);

describe('the custom extension contract', () => {
  test('is asked as its documentation says, at both stages, with the key', async () => {
    const options = { agentId: 'agent_123' };
    await reportOn([text('Hello, who are you?'), image(PICTURE)], options);
    await reportOn([text('I am an assistant.')], options, 'output');
    expect(vendor.requests).toMatchObject([
      { path: '/check', body: EXTENSION.input, headers: { authorization: `Bearer ${KEY}` } },
      { path: '/check', body: EXTENSION.output },
    ]);
  });

  test('is read as its documentation says', async () => {
    answering(EXTENSION.flagged);
    expect(await reportOn([text('x')])).toEqual({
      status: 'flagged',
      flagged: [],
      scores: {},
      message: EXTENSION.flagged.preset_response,
    });
    answering(EXTENSION.clear);
    expect(await reportOn([text('x')])).toEqual({ status: 'clear', flagged: [], scores: {} });
  });

  test.each([{ flagged: true }, { flagged: true, preset_response: null }, { flagged: true, preset_response: ' ' }])(
    'needs no preset: %j',
    async (answer) => {
      answering(answer);
      expect(await reportOn([text('x')])).toEqual({ status: 'flagged', flagged: [], scores: {} });
    },
  );
});

test.each<[string, object]>([
  ['a preset that is a number', { preset_response: 5 }],
  ['an action of its own', { action: 'explode', preset_response: 'No.' }],
  ['a text that is a list', { text: [] }],
])('A flag is one even with %s, which is dropped', async (_, more) => {
  answering({ flagged: true, ...more });
  for (const contract of ['extension', 'dify'] as const)
    expect(await reportOn([text('x')], { contract }, 'output')).toEqual({ status: 'flagged', flagged: [], scores: {} });
});

test('Verdicts that were made with the preset, or with the bytes of images, are not those made without', () => {
  const revisions = [{}, { usePresetResponse: false }, { sendImageBytes: true }].map((more) => make(more).revision);
  expect(new Set(revisions).size).toBe(3);
});

describe("Dify's form of it", () => {
  const dify = { contract: 'dify', agentId: DIFY.input.params.app_id } as const;

  test('is asked as its documentation says, at both stages', async () => {
    await reportOn([text('Hello, who are you?')], dify);
    await reportOn([text('I am an assistant.')], dify, 'output');
    expect(vendor.requests.map(({ body }) => body)).toEqual([DIFY.input, DIFY.output]);
  });

  test.each<[string, object, Stage, string | undefined]>([
    ['a direct output', DIFY.direct, 'input', DIFY.direct.preset_response],
    ['an overridden output', DIFY.overriddenOutput, 'output', DIFY.overriddenOutput.text],
    ['an overridden output, spelt as it was', DIFY.overridedOutput, 'output', DIFY.overridedOutput.text],
    ['an overridden input, whose text is for the model', DIFY.overriddenInput, 'input', undefined],
  ])('flags, and suggests what the user reads: %s', async (_, answer, stage, message) => {
    answering(answer);
    const report = await reportOn([text('x')], dify, stage);
    expect(report).toEqual({ status: 'flagged', flagged: [], scores: {}, ...(message !== undefined && { message }) });
  });

  test('is clear where its sample says so, whatever else that holds', async () => {
    answering(DIFY.clear);
    expect(await reportOn([text('x')], dify)).toEqual({ status: 'clear', flagged: [], scores: {} });
  });

  test('has texts alone: an image is unsupported', async () => {
    const decision = await createGuard({ moderators: [make(dify)] }).check(PICTURE);
    expect(decision).toMatchObject({ action: 'allow', unchecked: [{ reason: 'unsupported' }] });
    expect(vendor.requests).toEqual([]);
  });

  test('is pinged as its documentation says', async () => {
    answering(DIFY.pong);
    expect(await make(dify).ping(moderateOptions())).toBeUndefined();
    expect(vendor.requests.map(({ body }) => body)).toEqual([DIFY.ping]);
    answering({ flagged: false });
    expect(await make(dify).ping(moderateOptions())).toMatchObject({ status: 'failed', reason: 'malformed' });
  });
});

describe('one request', () => {
  test('is made for a message, however many parts it has, and never for two calls', async () => {
    const guard = createGuard({ moderators: [make()] });
    const parts: ContentPart[] = [
      { type: 'text', text: 'one' },
      { type: 'image', image: PICTURE },
      { type: 'text', text: 'two' },
    ];
    await Promise.all(
      [1, 2].map((call) => guard.check([{ role: 'user', content: [...parts, { type: 'text', text: `${call}` }] }])),
    );
    expect(vendor.requests.map(({ body }) => body)).toHaveLength(2);
    expect(JSON.stringify(vendor.requests[0]?.body)).toMatch(/one.*picture.*two/);
  });

  test('that is flagged refuses the whole message, with the message of the service', async () => {
    answering(EXTENSION.flagged);
    const decision = await createGuard({ moderators: [make()], message: 'Ours.' }).check('x');
    expect(decision).toMatchObject({
      action: 'block',
      findings: [{ category: '*', moderator: 'http-moderation' }],
      message: EXTENSION.flagged.preset_response,
    });
  });

  test('says what we say where the preset is turned off', async () => {
    answering(EXTENSION.flagged);
    const guard = createGuard({ moderators: [make({ usePresetResponse: false })], message: 'Ours.' });
    expect((await guard.check('x')).message).toBe('Ours.');
  });

  test('carries the id of the context, and contexts share no verdict', async () => {
    const guard = createGuard({
      moderators: [make({ agentId: ({ conversation = 'none' }) => `agent-${conversation}` })],
    });
    for (const conversation of ['a', 'b', 'a']) await guard.with({ conversation }).check('the same');
    expect(vendor.requests.map(({ body }) => body)).toMatchObject([
      { params: { agent_id: 'agent-a' } },
      { params: { agent_id: 'agent-b' } },
    ]);
  });
});

describe('an image', () => {
  test('that is no address is unsupported, and nothing of it is sent', async () => {
    for (const picture of [BYTES, new URL('data:image/png;base64,AAAA'), new URL('blob:https://example.test/1')])
      expect(await reportOn([image(picture)])).toEqual({ status: 'unsupported', reason: 'kind' });
    expect(vendor.requests).toEqual([]);
  });

  test('that is not sent does not hide the text beside it, nor is it clear for what the text is', async () => {
    expect(await reportOn([text('a zorp'), image(BYTES)])).toMatchObject({ status: 'flagged' });
    expect(await reportOn([text('a lake'), image(BYTES)])).toEqual({ status: 'unsupported', reason: 'kind' });
  });

  test('is sent as a data: address where that is enabled', async () => {
    expect(await reportOn([image(BYTES)], { sendImageBytes: true })).toMatchObject({ status: 'clear' });
    expect(vendor.requests[0]?.body).toMatchObject({
      params: { query: [{ type: 'image', url: 'data:image/png;base64,iVBORwE=' }] },
    });
  });
});

test.each<[string, string, string]>([
  ['controls', 'a\u0000b\u001b[31mc\u0007\u202ed\n\te', 'ab[31mcd\n\te'],
  ['length', 'a'.repeat(20_000), 'a'.repeat(10_000)],
  ['a broken character at its end', `${'a'.repeat(9_999)}😀`, `${'a'.repeat(9_999)}\ufffd`],
])('A preset is plain text, and bounded: %s', async (_, preset, message) => {
  answering({ flagged: true, preset_response: preset });
  expect(await reportOn([text('x')])).toMatchObject({ message });
});

test.each<[string, object]>([
  ['httpModeration.url must be the http or https address', { url: '' }],
  ['httpModeration.url must be an http or https address', { url: 'ftp://a.test' }],
  ['httpModeration.url must hold no user', { url: 'https://a.test/?key=canary' }],
  ["httpModeration.contract must be 'extension' or 'dify'", { contract: 'coze' }],
  ['httpModeration.agentID is not an option', { agentID: 'x' }],
])('%s', (problem, options) => {
  try {
    make(options);
    expect.unreachable();
  } catch (error) {
    expect(isConfigurationError(error) && error.message).toContain(problem);
  }
});

testFaults({
  vendor: () => vendor,
  make: (url) => httpModeration({ url, apiKey: KEY }),
  key: KEY,
  malformed: [
    ['a flag that is a text', { flagged: 'false' }],
    ['no flag', { preset_response: 'x' }],
    ['an action of its own', { flagged: false, action: 'explode' }],
    ['a preset that is a number', { flagged: false, preset_response: 5 }],
  ],
});

describe.each(['extension', 'dify'] as const)('as a moderator, %s', (contract) => {
  testModerator(() => make({ contract }), { flagged: 'A zorp at dawn.', clear: 'A walk at dawn.', test });
});
