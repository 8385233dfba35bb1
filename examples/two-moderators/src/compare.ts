import { createGuard, type Action } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { startServer, type TestServer } from '@chaperone/testing';
import { ARRANGEMENTS } from './arrangements.ts';

/** What one arrangement makes of a text, and how often each service was asked for it. */
export interface Row {
  readonly text: string;
  readonly arrangement: string;
  readonly action: Action;
  readonly asked: readonly [first: number, second: number];
}

/** Invented words, and how sure each of the two services is about them. */
const TEXTS: readonly (readonly [text: string, first: number, second: number])[] = [
  ['A calm day at the lake.', 0.01, 0.02],
  ['A zorp at the lake.', 0.95, 0.93],
  ['A blarg at the lake.', 0.6, 0.05],
  ['A snorf at the lake.', 0.05, 0.9],
];

/** Judges every text in every arrangement. */
export async function compare(): Promise<readonly Row[]> {
  const scriptOf = (which: 1 | 2) => (text: string) => {
    const score = TEXTS.find(([each]) => each === text)?.[which] ?? 0;
    return { scores: { violence: score }, flagged: score >= 0.5 ? ['violence'] : [] };
  };
  await using first = await startServer({ moderation: scriptOf(1) });
  await using second = await startServer({ moderation: scriptOf(2) });
  const rows: Row[] = [];
  for (const [arrangement, arrange] of Object.entries(ARRANGEMENTS)) {
    const guard = createGuard({ moderators: arrange(serviceAt(first, 'first'), serviceAt(second, 'second')) });
    for (const [text] of TEXTS) {
      const before = [first.moderated.length, second.moderated.length] as const;
      const { action } = await guard.check(text);
      const asked = [first.moderated.length - before[0], second.moderated.length - before[1]] as const;
      rows.push({ text, arrangement, action, asked });
    }
  }
  return rows;
}

function serviceAt({ url }: TestServer, name: string): ReturnType<typeof openaiModeration> {
  return openaiModeration({ name, baseURL: url, apiKey: 'none' });
}
