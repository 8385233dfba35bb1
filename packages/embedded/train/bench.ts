/** How long a text takes: `node train/bench.ts <data folder>`, or without data, on text made up for it. */
import { join } from 'node:path';
import { loadModel } from '../src/model/load.ts';
import { createScorer } from '../src/score/scorer.ts';
import { readRows } from './data.ts';
import { createPeers } from './peers.ts';
import { printTable } from './measure/table.ts';

const folder = process.argv[2];
const begun = performance.now();
const scorer = createScorer(await loadModel());
const loading = performance.now() - begun;

const prose =
  folder === undefined
    ? []
    : readRows(join(folder, 'eval'), (source) => source === 'openai-public').map(({ text }) => text);
const words = prose.join(' ').split(/\s+/);
const made = 'The weather by the lake was fine today, so we packed some bread and walked along the shore until noon. ';

/** Different texts of about so many characters. */
function textsOf(characters: number): readonly string[] {
  if (folder === undefined)
    return Array.from({ length: 400 }, (_, at) =>
      made.repeat(Math.ceil(characters / 100) + 1).slice(at % 50, (at % 50) + characters),
    );
  const texts: string[] = [];
  let text = '';
  for (const word of words) {
    text += `${word} `;
    if (text.length < characters) continue;
    texts.push(text.slice(0, characters));
    text = '';
    if (texts.length === 800) break;
  }
  return texts;
}

function timesOf(texts: readonly string[], judge: (text: string) => unknown): string {
  for (const text of texts) judge(text);
  const times = texts.map((text) => {
    const start = performance.now();
    judge(text);
    return (performance.now() - start) * 1_000;
  });
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(0);
  return `${at(0.5)} / ${at(0.99)}`;
}

const lengths = [53, 300, 644, 2_000, 20_000];
const judges = [{ name: '@chaperone/embedded', flags: scorer.score }, ...createPeers()];
printTable('Microseconds a text, median / 99th of 100', [
  ['', ...lengths.map((length) => `${length} characters`)],
  ...judges.map(({ name, flags }) => [name, ...lengths.map((length) => timesOf(textsOf(length), flags))]),
]);
console.log(`\nLoading the model: ${loading.toFixed(0)} ms`);
