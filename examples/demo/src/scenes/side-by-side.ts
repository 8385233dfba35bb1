import { createGuard } from '@chaperone/core';
import { guardOpenAI } from '@chaperone/openai';
import type OpenAI from 'openai';
import { rulesOf } from '../policy.ts';
import type { Scene } from './scene.ts';

const REPLY =
  'First the fog lifts from the harbour. Then the boats go out, one behind the other, and the water turns blue. ' +
  'By noon the wind has turned, and the bay is as bright as a new coin. The children count the sails from the wall. ' +
  'In the evening the boats come home, low in the water, and somebody lights the lamp at the end of the pier.';

/** Milliseconds between two looks at the readers' screens. */
const LOOK = 300;
const COLUMN = 40;

export const sideBySide: Scene = {
  title: 'Two readers side by side: without a guard, and with one',
  guard: "input: { timing: 'during' }; text leaves sentence by sentence, each once it was judged",
  script: REPLY,
  skipped: 'the two readers need a model that speaks at the same pace for both.',
  async play({ service, screen }) {
    const guard = createGuard({
      moderators: service.moderators,
      policy: { categories: rulesOf(service.tiers) },
      input: { timing: 'during' },
    });
    const ask = (client: OpenAI): Promise<Recording> => record(client, service.model);
    const [plain, guarded] = await Promise.all([ask(service.client), ask(guardOpenAI(service.client, guard))]);
    const end = Math.max(plain.end, guarded.end);
    screen.row('received', `${'without'.padEnd(COLUMN)} with the guard`);
    for (let time = LOOK; time < end + LOOK; time += LOOK)
      screen.row('', `${`${time} ms`.padStart(7)}  ${lastOf(plain, time)}  ${lastOf(guarded, time)}`);
    for (const [name, { first, longestPause, end: ended }] of Object.entries({ without: plain, 'with it': guarded }))
      screen.row(name, `first text after ${first} ms, longest pause ${longestPause} ms, end after ${ended} ms`);
    if (plain.text !== guarded.text) screen.row('differs', 'the two did not read the same', 'red');
  },
};

/** What a reader got, and when, in milliseconds from the request. */
interface Recording {
  readonly pieces: readonly (readonly [time: number, text: string])[];
  readonly text: string;
  readonly first: number;
  readonly longestPause: number;
  readonly end: number;
}

async function record(client: OpenAI, model: string): Promise<Recording> {
  const pieces: (readonly [number, string])[] = [];
  const began = performance.now();
  const now = (): number => Math.round(performance.now() - began);
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Describe a day at the sea.' }],
    stream: true,
  });
  for await (const { choices } of stream) {
    const text = choices[0]?.delta.content ?? '';
    if (text !== '') pieces.push([now(), text]);
  }
  const times = pieces.map(([time]) => time);
  return {
    pieces,
    text: pieces.map(([, text]) => text).join(''),
    first: times[0] ?? 0,
    longestPause: Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? 0))),
    end: now(),
  };
}

/** The end of what stood on a reader's screen at a time. */
function lastOf({ pieces }: Recording, time: number): string {
  const text = pieces.filter(([at]) => at <= time).reduce((sum, [, piece]) => sum + piece, '');
  return text.slice(-(COLUMN - 4)).padEnd(COLUMN - 2);
}
