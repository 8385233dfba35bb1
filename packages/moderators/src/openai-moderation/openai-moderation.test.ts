import { isConfigurationError, type CategoryOf, type Item, type Report } from '@chaperone/core';
import { moderateOptions, startServer, testModerator, type TestServer } from '@chaperone/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { openaiModeration, type OpenAICategory, type OpenAIModerationOptions } from '../index.ts';

const KEY = 'sk-canary-4471';
const TEXT = 'a text with the word canary9982 in it';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  vi.stubEnv('OPENAI_API_KEY', undefined);
  vi.stubEnv('OPENAI_BASE_URL', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  server.reset();
});

const item = (text: string, more: Partial<Item> = {}): Item => ({
  segment: { kind: 'text', role: 'user', path: 'messages[0].content', text },
  stage: 'input',
  ...more,
});
const never = (): AbortSignal => new AbortController().signal;

function ask(
  texts: readonly string[] = [TEXT],
  options: OpenAIModerationOptions = {},
  signal: AbortSignal = never(),
): Promise<readonly Report[]> {
  const moderator = openaiModeration({ apiKey: KEY, baseURL: server.url, ...options });
  return moderator.moderate(
    texts.map((text) => item(text)),
    moderateOptions({ signal }),
  );
}

/** A moderator whose server answers each request with this body. */
const answering = (body: unknown, status = 200): Promise<readonly Report[]> => {
  server.fault('moderation', { kind: 'status', status, body: JSON.stringify(body) });
  return ask();
};

/** Another answer of one result, as the endpoint gives it. */
const answerOf = (result: object): object => ({
  id: 'modr-7',
  model: 'omni-moderation-2024-09-26',
  results: [{ flagged: false, categories: {}, category_scores: {}, ...result }],
});

function problemOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isConfigurationError(error)) return error.message;
    throw error;
  }
  return 'no problem';
}

describe('what is sent', () => {
  test('one text goes as a text, with the model and the key', async () => {
    await ask(['hello']);
    expect(server.moderationRequests).toMatchObject([
      {
        path: '/v1/moderations',
        body: { model: 'omni-moderation-latest', input: 'hello' },
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      },
    ]);
    expect(Object.keys(server.moderationRequests[0]!.body)).toEqual(['model', 'input']);
  });

  test('several texts go in one request, as a list', async () => {
    expect(await ask(['one', 'two'])).toMatchObject([{ status: 'clear' }, { status: 'clear' }]);
    expect(server.moderationRequests.map(({ body }) => body.input)).toEqual([['one', 'two']]);
  });

  test('a text that continues one goes with what it continues', async () => {
    const moderator = openaiModeration({ apiKey: KEY, baseURL: server.url });
    await moderator.moderate([item('wards', { before: 'back' })], moderateOptions());
    expect(server.moderated).toEqual(['backwards']);
  });

  test('another model, and an address with slashes at its end', async () => {
    await ask(['x'], { model: 'text-moderation-stable', baseURL: `${server.url}//` });
    expect(server.moderationRequests).toMatchObject([
      { path: '/v1/moderations', body: { model: 'text-moderation-stable' } },
    ]);
  });

  test('a lone surrogate does not break the JSON', async () => {
    expect(await ask(['left \ud83d alone'])).toMatchObject([{ status: 'clear' }]);
    expect(server.moderated).toEqual(['left \ud83d alone']);
  });

  test('nothing, for what is empty or neither text nor image', async () => {
    const moderator = openaiModeration({ apiKey: KEY, baseURL: server.url });
    const image: Item = { segment: { kind: 'audio', role: 'user', path: 'p' }, stage: 'input' };
    server.setModeration((text) => ({ flagged: text === 'bad' ? ['hate'] : [] }));
    expect(await moderator.moderate([image, item('')], moderateOptions())).toEqual([
      { status: 'unsupported', reason: 'kind' },
      { status: 'clear', flagged: [], scores: {} },
    ]);
    expect(server.requests).toEqual([]);
    const mixed = await moderator.moderate([item(''), item('good'), image, item('bad')], moderateOptions());
    expect(mixed.map(({ status }) => status)).toEqual(['clear', 'clear', 'unsupported', 'flagged']);
    expect(server.moderated).toEqual(['good', 'bad']);
  });

  test('through the fetch that was given, or the one that is global at that time', async () => {
    const moderator = openaiModeration({ apiKey: KEY, baseURL: 'http://nowhere.test/v1' });
    const other = vi.fn<typeof fetch>(async () => Response.json(answerOf({ category_scores: { hate: 0 } })));
    vi.stubGlobal('fetch', other);
    expect(await moderator.moderate([item('x')], moderateOptions())).toMatchObject([{ status: 'clear' }]);
    expect(other).toHaveBeenCalledTimes(1);
    const own = vi.fn<typeof fetch>(async () => Response.json(answerOf({ category_scores: { hate: 0 } })));
    expect(await ask(['x'], { fetch: own })).toMatchObject([{ status: 'clear' }]);
    expect([other.mock.calls.length, own.mock.calls.length]).toEqual([1, 1]);
  });
});

describe('what is reported', () => {
  test('the categories that are true, the scores, the model and the id', async () => {
    expect(
      await answering(
        answerOf({
          flagged: true,
          categories: { violence: true, hate: false, illicit: null, 'brand-new': true },
          category_scores: { violence: 0.9, hate: 0.01, illicit: null, 'brand-new': 1 },
          category_applied_input_types: { violence: ['text'], hate: ['text'], illicit: null },
        }),
      ),
    ).toEqual([
      {
        status: 'flagged',
        flagged: ['violence', 'brand-new'],
        scores: { violence: 0.9, hate: 0.01, 'brand-new': 1 },
        appliedTo: { violence: ['text'], hate: ['text'] },
        model: 'omni-moderation-2024-09-26',
        responseId: 'modr-7',
      },
    ]);
  });

  test('a flag without a category is a flag', async () => {
    expect(await answering(answerOf({ flagged: true }))).toMatchObject([{ status: 'flagged', flagged: [] }]);
  });

  test('a category that is true is a flag, whatever the sum says', async () => {
    expect(await answering(answerOf({ flagged: false, categories: { hate: true } }))).toMatchObject([
      { status: 'flagged', flagged: ['hate'] },
    ]);
  });

  test('categories with the names of inherited members are names like others', async () => {
    const names = { constructor: true, toString: false };
    const [report] = await answering(answerOf({ categories: names, category_scores: { constructor: 0.5 } }));
    expect(report).toMatchObject({ status: 'flagged', flagged: ['constructor'] });
  });

  test('a category called __proto__ changes nothing but its own name', async () => {
    server.fault('moderation', {
      kind: 'status',
      status: 200,
      body: '{"results":[{"flagged":true,"categories":{"__proto__":true},"category_scores":{"__proto__":0.5}}]}',
    });
    const [report] = await ask();
    expect(report).toMatchObject({ status: 'flagged' });
    expect(report?.status === 'flagged' && Object.getPrototypeOf(report.scores)).toBe(Object.prototype);
  });

  test('an answer without id, model and input types is good enough', async () => {
    const result = { flagged: false, categories: { hate: false }, category_scores: {} };
    expect(await answering({ results: [result] })).toEqual([{ status: 'clear', flagged: [], scores: {} }]);
  });

  test.each<[string, object]>([
    ['a score beyond 1', answerOf({ category_scores: { hate: 80 } })],
    ['a score that is a text', answerOf({ category_scores: { hate: '0.8' } })],
    ['categories that are numbers', answerOf({ categories: { hate: 1 } })],
    ['no categories', { results: [{ flagged: false, category_scores: {} }] }],
    ['no flag', { results: [{ categories: {}, category_scores: {} }] }],
    ['an error with status 200', { error: { message: 'canary1234', code: 'server_error' } }],
    ['no results', { results: [] }],
    ['null', { results: [null] }],
  ])('%s is no answer', async (_, body) => {
    expect(await answering(body)).toMatchObject([{ status: 'failed', reason: 'malformed' }]);
  });
});

describe('what fails', () => {
  const status = (code: number, headers: { readonly [name: string]: string } = {}, body?: string): void =>
    server.fault('moderation', { kind: 'status', status: code, headers, ...(body !== undefined && { body }) });

  test.each([
    [401, 'denied', /key was not accepted.*apiKey or OPENAI_API_KEY/],
    [403, 'denied', /project has no permission to use model omni-moderation-latest/],
    [404, 'denied', /no model omni-moderation-latest, or no such endpoint, at http/],
    [307, 'denied', /redirect: set baseURL/],
    [400, 'refused', /HTTP 400/],
    [413, 'refused', /HTTP 413/],
    [422, 'refused', /HTTP 422/],
    [418, 'refused', /HTTP 418/],
  ] as const)('HTTP %i is %s, and is not asked again', async (code, reason, detail) => {
    status(code, { location: `${server.url}/elsewhere`, 'retry-after': '1' });
    const [report, second] = await ask(['one', 'two']);
    expect(report).toEqual({ status: 'failed', reason, detail: expect.stringMatching(detail) });
    expect(second).toEqual(report);
    expect(server.requests).toHaveLength(1);
  });

  test.each([408, 500, 502, 503, 529])('HTTP %i is unavailable, and may be asked again at once', async (code) => {
    status(code);
    expect(await ask()).toMatchObject([{ status: 'failed', reason: 'unavailable', retryAfterMs: 0 }]);
  });

  test.each([
    ['nothing', {}, 0],
    ['seconds', { 'retry-after': '2' }, 2000],
    ['milliseconds, which win', { 'retry-after-ms': '150', 'retry-after': '2' }, 150],
    ['a date that has passed', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    ['nonsense', { 'retry-after': 'soon' }, 0],
  ])('HTTP 429 is a quota; it says when to ask again: %s', async (_, headers, retryAfterMs) => {
    status(429, headers);
    expect(await ask()).toMatchObject([{ status: 'failed', reason: 'quota', retryAfterMs }]);
  });

  test('a server that names a date is asked again then', async () => {
    status(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const [report] = await ask();
    expect(report).toMatchObject({ reason: 'unavailable' });
    expect(report?.status === 'failed' && report.retryAfterMs).toBeGreaterThan(55_000);
  });

  test.each([429, 500, 408])('HTTP %i with x-should-retry: false is not asked again', async (code) => {
    status(code, { 'x-should-retry': 'false', 'retry-after': '1' });
    const [report] = await ask();
    expect(report).not.toHaveProperty('retryAfterMs');
  });

  test('an account without credit is not asked again', async () => {
    status(429, { 'retry-after': '1' }, JSON.stringify({ error: { code: 'insufficient_quota', message: 'canary' } }));
    expect(await ask()).toEqual([
      { status: 'failed', reason: 'quota', detail: 'The account has no quota left: check its plan and billing.' },
    ]);
  });

  test('a 429 whose body is no JSON is a quota still', async () => {
    status(429, {}, '<html>');
    expect(await ask()).toMatchObject([{ reason: 'quota', retryAfterMs: 0 }]);
  });

  test.each(['reset', 'reset-in-body'] as const)('%s is unavailable, and may be asked again at once', async (fault) => {
    server.fault('moderation', fault);
    expect(await ask()).toMatchObject([{ status: 'failed', reason: 'unavailable', retryAfterMs: 0 }]);
  });

  test('a server that is not there is unavailable', async () => {
    const gone = await startServer();
    await gone.close();
    expect(await ask(['x'], { baseURL: gone.url })).toMatchObject([{ reason: 'unavailable', retryAfterMs: 0 }]);
  });

  test.each(['malformed', 'wrong-shape', 'truncated', 'too-few', 'too-many'] as const)(
    'an answer that is %s is malformed for every item',
    async (fault) => {
      server.fault('moderation', fault);
      const reports = await ask(['one', 'two']);
      expect(reports).toHaveLength(2);
      for (const report of reports) {
        expect(report).toMatchObject({ status: 'failed', reason: 'malformed' });
        expect(report).not.toHaveProperty('retryAfterMs');
      }
    },
  );

  test.each(['hang', 'hang-in-body'] as const)(
    '%s ends when the signal is aborted, and lets the server go',
    async (fault) => {
      server.fault('moderation', fault);
      const begun = performance.now();
      expect(await ask(['one', 'two'], {}, AbortSignal.timeout(60))).toEqual([
        { status: 'failed', reason: 'aborted' },
        { status: 'failed', reason: 'aborted' },
      ]);
      expect(performance.now() - begun).toBeLessThan(1_000);
      await vi.waitFor(() => expect(server.requests[0]?.aborted).toBe(true));
    },
  );

  test('a signal that is aborted already sends nothing', async () => {
    expect(await ask(['x'], {}, AbortSignal.abort())).toEqual([{ status: 'failed', reason: 'aborted' }]);
    expect(server.requests).toEqual([]);
  });

  test('a slow body is waited for', async () => {
    server.fault('moderation', { kind: 'slow-body', ms: 80 });
    expect(await ask()).toMatchObject([{ status: 'clear' }]);
  });

  test('a body that nobody reads is let go', async () => {
    const cancel = vi.fn<() => void>();
    const body = new ReadableStream({ cancel });
    expect(await ask(['x'], { fetch: async () => new Response(body, { status: 500 }) })).toMatchObject([
      { reason: 'unavailable' },
    ]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test('a redirect gets neither the key nor the text', async () => {
    const elsewhere = await startServer();
    status(308, { location: `${elsewhere.url}/moderations` });
    expect(await ask()).toMatchObject([{ reason: 'denied' }]);
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  test('no report holds the key, a word of the text, or the body of the answer', async () => {
    const body = JSON.stringify({ error: { message: `canary1234 ${KEY} ${TEXT}`, code: `canary1234` } });
    const reports: Report[] = [];
    for (const code of [200, 302, 400, 401, 403, 404, 408, 413, 429, 500, 503]) {
      status(code, { location: '/canary1234' }, body);
      reports.push(...(await ask()));
      server.clearFaults();
    }
    reports.push(
      ...(await ask([TEXT], { fetch: () => Promise.reject(new TypeError(`canary1234 ${KEY} ${TEXT}`)) })),
      ...(await ask([TEXT], { fetch: async () => new Response(`{"canary1234":"${KEY}`) })),
    );
    expect(reports).toHaveLength(13);
    expect(reports.every((report) => report.status === 'failed')).toBe(true);
    expect(JSON.stringify(reports)).not.toMatch(/canary/);
  });
});

const nobody = { hate: null, violence: null };
test.each<[string, object]>([
  ['names no category', { categories: {}, category_scores: {} }],
  ['has nothing but nulls', { categories: nobody, category_scores: nobody }],
  [
    'applied to nothing',
    { categories: { hate: false }, category_scores: { hate: 0 }, category_applied_input_types: { hate: [] } },
  ],
])('An answer that %s is no clear one', async (_, result) => {
  const body = JSON.stringify({ results: [{ flagged: false, ...result }] });
  server.fault('moderation', { kind: 'status', status: 200, body });
  expect(await ask()).toMatchObject([{ status: 'failed', reason: 'malformed' }]);
  server.fault('moderation', { kind: 'status', status: 200, body: body.replace('"flagged":false', '"flagged":true') });
  expect(await ask()).toMatchObject([{ status: 'flagged', flagged: [], scores: {} }]);
});

describe('how it is made', () => {
  test('it has a name, a revision without the key, and limits for batches', () => {
    const moderator = openaiModeration({ apiKey: KEY });
    expect(moderator).toMatchObject({
      name: 'openai-moderation',
      revision: 'omni-moderation-latest https://api.openai.com/v1',
      batch: { items: 64, characters: 32_000 },
    });
    expect(moderator.kinds).toEqual(['text', 'reasoning', 'refusal', 'tool-input', 'tool-output', 'image']);
    expect(moderator.categories).toHaveLength(13);
    expect(JSON.stringify(moderator)).not.toContain(KEY);
    expect(openaiModeration({ apiKey: KEY, name: 'second' }).name).toBe('second');
  });

  test('a user adds categories, and the type knows them', () => {
    const moderator = openaiModeration({ apiKey: KEY, categories: ['new', 'hate'] });
    expect(moderator.categories.slice(-2)).toEqual(['violence/graphic', 'new']);
    expectTypeOf<CategoryOf<typeof moderator>>().toEqualTypeOf<OpenAICategory | 'new'>();
    const plain = openaiModeration({ apiKey: KEY });
    expectTypeOf<CategoryOf<typeof plain>>().toEqualTypeOf<OpenAICategory>();
  });

  test('the key and the address come from the environment, when it is made', async () => {
    vi.stubEnv('OPENAI_API_KEY', ' sk-environment\n');
    vi.stubEnv('OPENAI_BASE_URL', server.url);
    const moderator = openaiModeration();
    vi.stubEnv('OPENAI_API_KEY', 'sk-later');
    vi.stubEnv('OPENAI_BASE_URL', 'http://later.test/v1');
    await moderator.moderate([item('x')], moderateOptions());
    expect(server.requests[0]?.headers['authorization']).toBe('Bearer sk-environment');
  });

  test('what is passed wins over the environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-environment');
    vi.stubEnv('OPENAI_BASE_URL', 'http://elsewhere.test/v1');
    await ask(['x']);
    expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${KEY}`);
  });

  test('another server needs no key, and then gets no header', async () => {
    await openaiModeration({ baseURL: server.url }).moderate([item('x')], moderateOptions());
    vi.stubEnv('OPENAI_BASE_URL', server.url);
    await openaiModeration().moderate([item('x')], moderateOptions());
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
  });

  test('it is made where there is no process at all', () => {
    vi.stubGlobal('process', undefined);
    expect(openaiModeration({ apiKey: KEY }).name).toBe('openai-moderation');
    expect(problemOf(() => openaiModeration())).toContain('OPENAI_API_KEY');
  });

  test.each<[string, object | undefined]>([
    ['openaiModeration.apiKey is missing: pass apiKey, or set OPENAI_API_KEY in the environment.', undefined],
    ['openaiModeration.apiKey is missing', { apiKey: undefined }],
    ['openaiModeration.apiKey is missing', { baseURL: 'https://api.openai.com/v1/' }],
    ['openaiModeration.apiKey must be a text that is not empty', { apiKey: ' ' }],
    ['openaiModeration.apiKey must be a text', { apiKey: 7 }],
    ['openaiModeration.apiKey holds characters that no HTTP header can carry', { apiKey: `${KEY}\n${KEY}` }],
    ['openaiModeration.baseUrl is not an option; the options are apiKey, baseURL, model', { baseUrl: 'x' }],
    ['openaiModeration.baseURL must be an http or https address', { baseURL: 'api.openai.com/v1' }],
    ['openaiModeration.baseURL must hold no user, password, query or fragment', { baseURL: `https://u:${KEY}@a.test` }],
    ['openaiModeration.baseURL must hold no user, password, query', { baseURL: `https://a.test/v1?key=${KEY}` }],
    ['openaiModeration.model must be the name of a moderation model', { model: '' }],
    ['openaiModeration.fetch must be a function', { fetch: 'fetch' }],
    ['openaiModeration.categories must be a list of category names', { categories: 'new' }],
    ['openaiModeration.categories[1] must be a list of category names', { categories: ['new', ''] }],
    [
      "openaiModeration.categories[0] must be a list of category names, none of them empty or '*'",
      { categories: ['*'] },
    ],
  ])('%s', (problem, options) => {
    const message = problemOf(() => openaiModeration(options));
    expect(message).toContain(problem);
    expect(message).not.toContain(KEY);
  });

  test('options that are no object are refused', () => {
    // @ts-expect-error a key alone
    expect(problemOf(() => openaiModeration(KEY))).toBe('openaiModeration takes its options as an object.');
  });

  test('an address of the environment is checked too', () => {
    vi.stubEnv('OPENAI_BASE_URL', 'localhost');
    expect(problemOf(() => openaiModeration({ apiKey: KEY }))).toContain('OPENAI_BASE_URL');
  });
});

describe('as a moderator', () => {
  beforeEach(() => server.setModeration((text) => ({ flagged: text.includes('zorp') ? ['violence'] : [] })));
  testModerator(() => openaiModeration({ apiKey: KEY, baseURL: server.url }), {
    flagged: 'A zorp at dawn.',
    clear: 'A walk at dawn.',
    test,
  });
});
