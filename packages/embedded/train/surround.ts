import type { Row } from './data.ts';
import { createRandom } from './random.ts';

/** Harmless prose to put around a text. */
const PROSE: ReadonlySet<string> = new Set([
  'clinc_wiki_sents',
  'counselchat_answers',
  'dolly_sample',
  'prompts_chat',
  'selfinstruct_seed',
]);
const WORDS_AROUND = 40;
const WORDS_WITHIN = 60;

/** The same rows in the midst of harmless prose: in a long text, most of the rest speaks of something else. */
export function surround(rows: readonly Row[], all: readonly Row[]): readonly Row[] {
  const random = createRandom(5);
  const prose = all.filter(({ source }) => PROSE.has(source));
  const some = (): string => clip(prose[Math.floor(random() * prose.length)]?.text ?? '', WORDS_AROUND);
  return rows.map((row) => ({ ...row, text: `${some()} ${clip(row.text, WORDS_WITHIN)} ${some()}` }));
}

const clip = (text: string, words: number): string => text.split(/\s+/).slice(0, words).join(' ');
