import { createGuard, type ContentPart, type Decision, type Guard } from '@chaperone/core';
import { moderateOptions, startServer, testModerator, type TestServer } from '@chaperone/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { IMAGE_ANSWER } from '../../test/fixtures/openai-moderation.ts';
import { itemOf } from '../../test/support/use-vendor.ts';
import { openaiModeration } from '../index.ts';
import { OPENAI_CATEGORIES } from './categories.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  server.setModeration((text, images) => ({
    flagged: [...(text.includes('zorp') ? ['harassment'] : []), ...(images.some(isBad) ? ['violence'] : [])],
  }));
});
afterEach(() => {
  server.reset();
  vi.restoreAllMocks();
});

const isBad = (address: string): boolean => address.includes('blarg');
const GOOD = 'https://example.test/lake.png';
const BAD = 'https://example.test/blarg.png';
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);

const text = (words: string): ContentPart => ({ type: 'text', text: words });
const image = (address: string | Uint8Array): ContentPart => ({ type: 'image', image: address });

const guardOf = (): Guard =>
  createGuard({ moderators: [openaiModeration({ baseURL: server.url })], moderation: { breaker: false } });
const checkParts = (parts: readonly ContentPart[]): Promise<Decision> =>
  guardOf().check([{ role: 'user', content: parts }]);
const inputs = (): readonly unknown[] => server.moderationRequests.map(({ body }) => body.input);

describe('an image', () => {
  test('goes with the text of its own message in one input, one image a request', async () => {
    const decision = await checkParts([text('Look at this'), image(GOOD), text('and this'), image(BAD)]);
    const beside = { type: 'text', text: 'Look at this\nand this' };
    expect(inputs().toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)))).toEqual([
      ['Look at this', 'and this'],
      [beside, { type: 'image_url', image_url: { url: BAD } }],
      [beside, { type: 'image_url', image_url: { url: GOOD } }],
    ]);
    expect(decision.findings).toMatchObject([{ category: 'violence', path: 'content[0].content[3]' }]);
    expect(decision.unchecked).toEqual([]);
  });

  test('goes without the text of other messages', async () => {
    await guardOf().check([
      { role: 'user', content: 'An earlier word' },
      { role: 'user', content: [image(GOOD)] },
    ]);
    expect(inputs()).toContainEqual([{ type: 'image_url', image_url: { url: GOOD } }]);
    expect(server.moderationRequests).toHaveLength(2);
  });

  test('of three each has a verdict of its own', async () => {
    const decision = await checkParts([image(GOOD), image(BAD), image(`${GOOD}?2`)]);
    expect(decision.verdicts.map(({ path, status }) => [path, status])).toEqual([
      ['content[0].content[0]', 'clear'],
      ['content[0].content[1]', 'flagged'],
      ['content[0].content[2]', 'clear'],
    ]);
    expect(server.moderationRequests).toHaveLength(3);
  });

  test('says by what part of the message each category fired', async () => {
    const decision = await checkParts([text('a zorp'), image(BAD)]);
    const [, seen] = decision.verdicts;
    expect(seen).toMatchObject({
      status: 'flagged',
      path: 'content[0].content[1]',
      appliedTo: { harassment: ['text'], violence: ['text', 'image'] },
    });
  });

  test('alone has no score in the categories that are judged on text only: they are not evaluated, not clear', async () => {
    const [verdict] = (await checkParts([image(GOOD)])).verdicts;
    expect(verdict?.status === 'clear' && Object.keys(verdict.scores).toSorted()).toEqual([
      'self-harm',
      'self-harm/instructions',
      'self-harm/intent',
      'sexual',
      'violence',
      'violence/graphic',
    ]);
  });

  test('alone has none there either where the server does not say what it applied to', async () => {
    const body = JSON.stringify({
      results: [{ flagged: false, categories: {}, category_scores: { violence: 0.2, hate: 0, 'sexual/minors': 0 } }],
    });
    server.fault('moderation', { kind: 'status', status: 200, body });
    const [verdict] = (await checkParts([image(GOOD)])).verdicts;
    expect(verdict).toMatchObject({ status: 'clear', scores: { violence: 0.2 } });
    expect(verdict?.status === 'clear' && Object.keys(verdict.scores)).toEqual(['violence']);
  });

  const all = <V>(value: V) => Object.fromEntries(OPENAI_CATEGORIES.map((category) => [category, value]));
  const clearAnswer = { flagged: false, categories: all(false), category_scores: all(0) };

  test.each<[string, readonly string[], object]>([
    ['to nothing', [], { category_applied_input_types: all([]) }],
    ['to a text that there is not', [], { category_applied_input_types: all(['text']) }],
    ['to the text beside it alone', ['Hi'], { category_applied_input_types: all(['text']) }],
    ['to no image category', [], { categories: { hate: false }, category_scores: { hate: 0 } }],
  ])('has failed where the answer says that it applied %s', async (_, words, said) => {
    server.fault('moderation', {
      kind: 'status',
      status: 200,
      body: JSON.stringify({ results: [{ ...clearAnswer, ...said }] }),
    });
    const reports = await openaiModeration({ baseURL: server.url }).moderate(
      [itemOf(new URL(GOOD), 'input', ...words)],
      moderateOptions(),
    );
    expect(reports).toMatchObject([{ status: 'failed', reason: 'malformed' }]);
  });

  test("is read from the answer of OpenAI's guide", async () => {
    server.fault('moderation', { kind: 'status', status: 200, body: JSON.stringify(IMAGE_ANSWER) });
    const [verdict] = (await checkParts([image(GOOD)])).verdicts;
    expect(verdict).toMatchObject({
      status: 'flagged',
      flagged: ['violence'],
      model: 'omni-moderation-latest',
      appliedTo: { violence: ['image'] },
    });
    expect(verdict?.status === 'flagged' && verdict.scores).not.toHaveProperty('harassment');
  });

  test('as bytes is sent as a data: address of its type', async () => {
    await checkParts([image(PNG)]);
    expect(inputs()).toEqual([
      [{ type: 'image_url', image_url: { url: `data:image/png;base64,${Buffer.from(PNG).toString('base64')}` } }],
    ]);
  });

  test('as a data: address is sent as it is', async () => {
    const address = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';
    await checkParts([image(address)]);
    expect(inputs()).toEqual([[{ type: 'image_url', image_url: { url: address } }]]);
  });

  test('of 200,000 bytes is sent whole', async () => {
    const bytes = new Uint8Array(200_000).fill(7);
    bytes.set(PNG);
    await checkParts([image(bytes)]);
    expect(JSON.stringify(inputs())).toContain(Buffer.from(bytes).toString('base64'));
  });
});

describe('an image that cannot be judged ends in `unchecked`', () => {
  const large = new Uint8Array(20 * 1024 * 1024 + 1);
  large.set(PNG);

  test.each<[string, ContentPart, object]>([
    ['too large, as bytes', image(large), { reason: 'too-large' }],
    [
      'too large, as a data: address',
      image(`data:image/png;base64,${'A'.repeat(28_000_000)}`),
      { reason: 'too-large' },
    ],
    ['a blob: address', image('blob:https://example.test/4711'), { reason: 'failed' }],
    ['a file: address', image('file:///etc/hostname'), { reason: 'failed' }],
    ['a data: address of a text', image('data:text/plain,hello'), { reason: 'failed' }],
    ['bytes that are no image', image(new Uint8Array([1, 2, 3, 4])), { reason: 'failed' }],
  ])('%s: blocked, and nothing is sent', async (_, part, unchecked) => {
    const decision = await checkParts([part]);
    expect(decision).toMatchObject({ action: 'block', findings: [], unchecked: [unchecked] });
    expect(server.requests).toEqual([]);
  });

  test('an address that the service cannot open, of which the operator is told', async () => {
    server.fault('moderation', { kind: 'status', status: 400 });
    const decision = await checkParts([image('https://broken.test/none.png')]);
    expect(decision).toMatchObject({ action: 'block', unchecked: [{ reason: 'failed' }] });
    expect(decision.verdicts).toMatchObject([{ status: 'failed', reason: 'refused' }]);
    expect(console.error).toHaveBeenCalledTimes(1);
  });

  test('and the text beside it has its own verdict', async () => {
    const decision = await checkParts([text('a zorp'), image('blob:https://example.test/4711')]);
    expect(decision).toMatchObject({
      findings: [{ category: 'harassment', path: 'content[0].content[0]' }],
      unchecked: [{ path: 'content[0].content[1]', reason: 'failed' }],
    });
  });

  test('where the model judges texts alone it is unsupported: it passes by default, and is told', async () => {
    const moderator = openaiModeration({ baseURL: server.url, model: 'text-moderation-latest' });
    const decision = await createGuard({ moderators: [moderator] }).check(new URL(GOOD));
    expect(decision).toMatchObject({ action: 'allow', unchecked: [{ path: 'content', reason: 'unsupported' }] });
    expect(server.requests).toEqual([]);
  });
});

describe('as a moderator of images', () => {
  const segment = (address: string) => ({ kind: 'image', role: 'user', path: 'p', image: new URL(address) }) as const;
  testModerator(() => openaiModeration({ baseURL: server.url }), { flagged: segment(BAD), clear: segment(GOOD), test });
});
