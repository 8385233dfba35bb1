import { bootstrap } from '../bootstrap.ts';
import type { Row } from '../data.ts';
import { averagePrecision } from '../metrics.ts';
import type { Judge } from '../peers.ts';
import type { Subject } from './subject.ts';
import { printTable } from './table.ts';

/** The categories that `openai-public` has positives of, with the figures of the spike. */
const SPIKE = {
  sexual: 0.756,
  hate: 0.588,
  violence: 0.343,
  harassment: 0.513,
  'self-harm': 0.49,
  'hate/threatening': 0.563,
  'violence/graphic': 0.249,
} as const;
const CATEGORIES = Object.keys(SPIKE) as (keyof typeof SPIKE)[]; // the keys of a constant are what they say

/** Area under the precision-recall curve, category by category, and for any of them beside a word list. */
export function measureRanking(subject: Subject, rows: readonly Row[], wordList: Judge): void {
  const scores = rows.map(({ text }) => subject.scores(text));
  const table = [['category', 'rows', 'positive', 'AUPRC', '95 of 100 between', 'spike']];
  let sum = 0;
  for (const category of CATEGORIES) {
    const known = rows.flatMap(({ labels }, at) => {
      const truth = labels[category];
      return truth === undefined ? [] : [{ truth, score: scores[at]?.[category] ?? 0 }];
    });
    const [values, truths] = [known.map(({ score }) => score), known.map(({ truth }) => truth)];
    const area = averagePrecision(values, truths);
    sum += area;
    table.push([
      category,
      String(known.length),
      String(truths.reduce((all, truth) => all + truth, 0)),
      area.toFixed(3),
      areaBetween(values, truths),
      SPIKE[category].toFixed(3),
    ]);
  }
  table.push(['mean of the seven', '', '', (sum / CATEGORIES.length).toFixed(3), '', '0.500']);

  const truths = rows.map((row) => Number(isPositive(row)));
  const highest = rows.map(({ text }) => subject.highest(text));
  table.push([
    'any (highest score)',
    String(rows.length),
    String(truths.reduce((all, truth) => all + truth, 0)),
    averagePrecision(highest, truths).toFixed(3),
    areaBetween(highest, truths),
    '0.692',
  ]);
  printTable('openai-public', table);

  const listed = rows.map(({ text }) => Number(wordList.flags(text)));
  const difference = (drawn: ArrayLike<number>): number =>
    averagePrecision(pick(highest, drawn), pick(truths, drawn)) -
    averagePrecision(pick(listed, drawn), pick(truths, drawn));
  const { low, high } = bootstrap(rows.length, difference);
  const all = rows.map((_, at) => at);
  printTable('Any, model less word list, on the same rows', [
    ['word list', 'AUPRC', 'difference', '95 of 100 between'],
    [
      wordList.name,
      averagePrecision(listed, truths).toFixed(3),
      difference(all).toFixed(3),
      `${low.toFixed(3)} and ${high.toFixed(3)}`,
    ],
  ]);
}

export const isPositive = ({ labels }: Row): boolean => Object.values(labels).some((value) => value > 0);

function areaBetween(values: readonly number[], truths: readonly number[]): string {
  const { low, high } = bootstrap(values.length, (drawn) => averagePrecision(pick(values, drawn), pick(truths, drawn)));
  return `${low.toFixed(3)} and ${high.toFixed(3)}`;
}

const pick = (from: readonly number[], places: ArrayLike<number>): number[] =>
  Array.from(places, (place) => from[place] ?? 0);
