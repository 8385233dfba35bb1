import { createGuard, reject, type Decision } from '@chaperone/core';
import { fakeModerator, startServer, type FakeModerator } from '@chaperone/testing';
import type OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { guardOpenAI } from '../src/index.ts';
import { CALL_STYLES, type CallStyle, type Place } from './support/call-styles.ts';
import { SDKS, type Sdk } from './support/sdks.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';
const UNCHECKED = 'That could not be looked at.';

const server = await startServer();
afterAll(() => server.close());
beforeEach(() => server.reset());

function clientOf(sdk: Sdk, { isAzure }: CallStyle): OpenAI {
  return isAzure === true
    ? new sdk.AzureOpenAI({ apiKey: 'test', apiVersion: '2025-04-01', baseURL: `${server.url}/openai/deployments/x` })
    : new sdk.OpenAI({ apiKey: 'test', baseURL: server.url, maxRetries: 2 });
}

interface Guarded {
  readonly openai: OpenAI;
  readonly moderator: FakeModerator;
  readonly flagged: Decision[];
}

function guarded(client: OpenAI, failing?: 'input' | 'output'): Guarded {
  const moderator = fakeModerator({ flags: { [MARKER]: 'odd' } });
  const down = fakeModerator({ name: 'down', fails: 'unavailable' });
  const moderators = { input: [moderator], output: [moderator] };
  if (failing) moderators[failing].push(down);
  const words = { unchecked: UNCHECKED, '*': REFUSED };
  const guard = createGuard({ moderators, fallback: reject(), message: { input: words, output: words } });
  const flagged: Decision[] = [];
  guard.on('flagged', ({ decision }) => flagged.push(decision));
  return { openai: guardOpenAI(client, guard), moderator, flagged };
}

/** What a call came to, an error included. */
async function outcomeOf(call: Promise<unknown>): Promise<{ seen: string; value?: unknown; error?: Error }> {
  try {
    const value = await call;
    return { seen: JSON.stringify(value), value };
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error('Something else was thrown.');
    return { seen: `${String(error)} ${JSON.stringify(error)}`, error: thrown };
  }
}

function expectRefused(
  { throwsOnRefusal = false }: CallStyle,
  { seen, error }: { seen: string; error?: Error },
  message: string,
): void {
  expect(seen).not.toContain(MARKER);
  if (throwsOnRefusal) expect(error?.constructor.name).toBe('ContentFilterFinishReasonError');
  else {
    expect(error).toBeUndefined();
    expect(seen).toContain(message);
  }
}

const rows = SDKS.flatMap((sdk) =>
  CALL_STYLES.map((style) => ({ sdk, style, title: `openai ${sdk.version}: ${style.name}` })),
);

describe.for(rows)('$title', ({ sdk, style }) => {
  const client = clientOf(sdk, style);
  const placesOf = Object.entries(style.answers) as [Place, (word: string) => never][];
  const [, calm] = placesOf[0]!;

  test('clean: what the unguarded client gives, and one moderation per segment', async () => {
    server.setChat(calm('day'));
    const plain = await outcomeOf(style.call(client, 'Hello'));
    expect(plain.error).toBeUndefined();
    server.reset();
    server.setChat(calm('day'));
    const { openai, moderator, flagged } = guarded(client);
    const clean = await outcomeOf(style.call(openai, 'Hello'));
    expect(clean).toEqual(plain);
    expect(flagged).toEqual([]);
    expect(server.generationRequests).toHaveLength(style.requests ?? 1);
    expect(moderator.texts).toHaveLength(style.segments);
    expect(new Set(moderator.texts).size).toBe(style.segments);
  });

  test('input flagged: the model is not asked', async () => {
    const { openai, flagged } = guarded(client);
    const outcome = await outcomeOf(style.call(openai, `Tell me about ${MARKER}`));
    expect(server.generationRequests).toEqual([]);
    expectRefused(style, outcome, REFUSED);
    expect(flagged.map(({ stage }) => stage)).toEqual(['input']);
  });

  test.for(placesOf)('%s flagged: it never arrives', async ([, answer]) => {
    server.setChat(answer(MARKER));
    const { openai, flagged } = guarded(client);
    const outcome = await outcomeOf(style.call(openai, 'Hello'));
    expectRefused(style, outcome, REFUSED);
    expect(server.generationRequests.length).toBeGreaterThan(0);
    expect(flagged.map(({ stage }) => stage)).toEqual(['output']);
  });

  test.for(['input', 'output'] as const)(
    '%s unchecked: it is refused as that, and nothing is flagged',
    async (failing) => {
      server.setChat(calm('day'));
      const { openai, flagged } = guarded(client, failing);
      const outcome = await outcomeOf(style.call(openai, 'Hello'));
      expectRefused(style, outcome, UNCHECKED);
      expect(outcome.seen).not.toContain('calm day');
      expect(server.generationRequests).toHaveLength(failing === 'input' ? 0 : 1);
      expect(flagged).toEqual([]);
    },
  );
});
