import { createGuard, reject } from '@chaperone/core';
import { fakeModerator, startServer, type Answer } from '@chaperone/testing';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { guardFetch } from '../src/index.ts';

const MARKER = 'zorp';
const REFUSED = 'That cannot be answered.';
/** Together as many as are promised. */
const RUNS = 2_500;

/** An answer that says the marker in one of its places. */
const answer = (thought: string, said: string, at: string): Answer => ({
  reasoning: `They mean a ${thought}.`,
  chunks: ['A calm ', 'day by the sea. ', `And a ${said} `, 'in the evening.'],
  toolCalls: [{ name: 'look', arguments: `{"at":"${at}"}` }],
});
const ANSWERS = [answer(MARKER, 'swim', 'sea'), answer('swim', MARKER, 'sea'), answer('swim', 'walk', `a ${MARKER}`)];
const CLEAN = answer('swim', 'walk', 'sea');

const server = await startServer();
afterAll(() => server.close());

const ENDPOINTS = [
  { name: 'a completion', path: '/chat/completions', body: { messages: [{ role: 'user', content: 'Hello' }] } },
  {
    name: 'a streamed completion',
    path: '/chat/completions',
    body: { stream: true, messages: [{ role: 'user', content: 'Hello' }] },
  },
  { name: 'a response', path: '/responses', body: { input: 'Hello' } },
  { name: 'a streamed response', path: '/responses', body: { stream: true, input: 'Hello' } },
];

/** One thing that goes wrong with a text. */
type Damage = (text: string) => string;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const odd = fc.constantFrom(
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\n',
  '\n\n',
  '\r',
  'null',
  '0',
  '-',
  'data: ',
  'event: x\n',
  '\u0000',
  '\uD800',
  'é',
  '"x":{"y":[',
  '[DONE]',
);
const cut = (text: string, at: number): number => Math.floor(text.length * at);
const damage: fc.Arbitrary<Damage> = fc.oneof(
  place.map(
    (at): Damage =>
      (text) =>
        text.slice(0, cut(text, at)),
  ),
  place.map(
    (at): Damage =>
      (text) =>
        text.slice(cut(text, at)),
  ),
  fc.tuple(place, odd).map(
    ([at, what]): Damage =>
      (text) =>
        text.slice(0, cut(text, at)) + what + text.slice(cut(text, at)),
  ),
  fc.tuple(place, fc.nat({ max: 40 })).map(
    ([at, length]): Damage =>
      (text) =>
        text.slice(0, cut(text, at)) + text.slice(cut(text, at) + length),
  ),
  fc.tuple(place, fc.nat({ max: 400 })).map(([at, length]): Damage => (text) => {
    const from = cut(text, at);
    return text.slice(0, from + length) + text.slice(from);
  }),
  // Keys and strings that turn into others.
  fc.tuple(place, fc.string({ maxLength: 12 })).map(([at, other]): Damage => (text) => {
    const words = [...text.matchAll(/"([^"\\]*)"/g)];
    const word = words[Math.floor(words.length * at * 0.999)];
    return word === undefined
      ? text
      : text.slice(0, word.index) + JSON.stringify(other) + text.slice(word.index + word[0].length);
  }),
  // Values that turn into others, in a body that stays one.
  fc.tuple(place, fc.jsonValue({ maxDepth: 2 })).map(([at, other]): Damage => (text) => {
    const values = [...text.matchAll(/:(\d+|null|true|false|"[^"\\]*")/g)];
    const value = values[Math.floor(values.length * at * 0.999)];
    return value === undefined
      ? text
      : `${text.slice(0, value.index)}:${JSON.stringify(other)}${text.slice(value.index + value[0].length)}`;
  }),
);

describe.for(ENDPOINTS)(
  'An upstream that sends anything in the place of $name',
  ({ path, body }) => {
    test('neither crashes nor hangs the guard, nor gets past it', async () => {
      let type = '';
      const sound: string[] = [];
      for (const said of [...ANSWERS, CLEAN]) {
        server.setChat(said);
        const response = await fetch(server.url + path, {
          method: 'POST',
          body: JSON.stringify({ model: 'gpt-test', ...body }),
        });
        type = response.headers.get('content-type') ?? '';
        sound.push(await response.text());
      }
      expect(sound.map((text) => text.includes(MARKER))).toEqual([true, true, true, false]);
      const guard = createGuard({
        moderators: [fakeModerator({ flags: { [MARKER]: 'odd' } })],
        fallback: reject({ message: REFUSED }),
        output: { window: { maxWait: 20 } },
      });
      const ends = new Map<string, number>();
      guard.on('settled', ({ delivery }) => ends.set(delivery, (ends.get(delivery) ?? 0) + 1));
      let calls = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...sound),
          fc.array(damage, { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: 700 }),
          fc.constantFrom(type, type, type, 'application/json', 'text/event-stream', 'text/plain', ''),
          async (text, damages, size, contentType) => {
            const bytes = new TextEncoder().encode(damages.reduce((all, each) => each(all), text));
            let at = 0;
            const upstream = new ReadableStream<Uint8Array>({
              pull(controller) {
                if (at >= bytes.length) return controller.close();
                controller.enqueue(bytes.slice(at, (at += size)));
              },
            });
            const fetch = guardFetch(
              async () => new Response(upstream, { headers: { 'content-type': contentType } }),
              guard,
            );
            calls += 1;
            const response = await fetch(`http://127.0.0.1:9/v1${path}`, {
              method: 'POST',
              body: JSON.stringify({ model: 'gpt-test', ...body }),
              signal: AbortSignal.timeout(5_000),
            });
            expect(await response.text()).not.toContain(MARKER);
          },
        ),
        { numRuns: RUNS },
      );
      await guard.idle();
      expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(calls);
      expect((ends.get('delivered') ?? 0) + (ends.get('errored') ?? 0)).toBeGreaterThan(10);
      expect(ends.get('refused')).toBeGreaterThan(RUNS / 4);
    });
  },
  60_000,
);
