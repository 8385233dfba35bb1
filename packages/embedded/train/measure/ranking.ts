import { bootstrap } from '../bootstrap.ts';
import type { Row } from '../data.ts';
import { averagePrecision } from '../metrics.ts';
import type { Judge } from '../peers.ts';
import type { Subject } from './subject.ts';
import { printTable } from './table.ts';

/** The categories that `openai-public` has positives of. */
const CATEGORIES = [
  'sexual',
  'hate',
  'violence',
  'harassment',
  'self-harm',
  'hate/threatening',
  'violence/graphic',
] as const;
const MEAN = 'mean of the seven';
const ANY = 'any (highest score)';

/** The figures of the study that this model started from. */
const SPIKES: Readonly<Record<string, string>> = {
  sexual: '0.756',
  hate: '0.588',
  violence: '0.343',
  harassment: '0.513',
  'self-harm': '0.490',
  'hate/threatening': '0.563',
  'violence/graphic': '0.249',
  [MEAN]: '0.500',
  [ANY]: '0.692',
};

/**
 * Area under the precision-recall curve, category by category, and for any of them beside a word list: on all rows, where
 * what it does not judge has a score of 0, and on the rows that are taken for English.
 */
export function measureRanking(subject: Subject, rows: readonly Row[], wordList: Judge): void {
  const english = rows.filter(({ text }) => subject.isEnglish(text));
  const all = new Map(areasOf(subject, rows).map((area) => [area.name, area]));
  const table = [['', 'rows', 'positive', 'AUPRC', '95 of 100 between', 'spike', `the ${english.length} English rows`]];
  for (const { name, area } of areasOf(subject, english)) {
    const whole = all.get(name);
    table.push([
      name,
      String(whole?.rows ?? ''),
      String(whole?.positives ?? ''),
      (whole?.area ?? Number.NaN).toFixed(3),
      whole?.between() ?? '',
      SPIKES[name] ?? '',
      area.toFixed(3),
    ]);
  }
  printTable('openai-public', table);

  const truths = rows.map((row) => Number(isPositive(row)));
  const highest = rows.map(({ text }) => subject.highest(text));
  const listed = rows.map(({ text }) => Number(wordList.flags(text)));
  const difference = (drawn: ArrayLike<number>): number =>
    averagePrecision(pick(highest, drawn), pick(truths, drawn)) -
    averagePrecision(pick(listed, drawn), pick(truths, drawn));
  const { low, high } = bootstrap(rows.length, difference);
  printTable('Any, model less word list, on the same rows', [
    ['word list', 'AUPRC', 'difference', '95 of 100 between'],
    [
      wordList.name,
      averagePrecision(listed, truths).toFixed(3),
      difference(rows.map((_, at) => at)).toFixed(3),
      `${low.toFixed(3)} and ${high.toFixed(3)}`,
    ],
  ]);
}

interface Area {
  readonly name: string;
  readonly area: number;
  readonly rows?: number;
  readonly positives?: number;
  readonly between: () => string;
}

function areasOf(subject: Subject, rows: readonly Row[]): readonly Area[] {
  const scores = rows.map(({ text }) => subject.scores(text));
  const areas = CATEGORIES.map((category) => {
    const known = rows.flatMap(({ labels }, at) => {
      const truth = labels[category];
      return truth === undefined ? [] : [{ truth, score: scores[at]?.[category] ?? 0 }];
    });
    return areaOf(
      category,
      known.map(({ score }) => score),
      known.map(({ truth }) => truth),
    );
  });
  const mean = areas.reduce((sum, { area }) => sum + area, 0) / areas.length;
  const any = areaOf(
    ANY,
    rows.map(({ text }) => subject.highest(text)),
    rows.map((row) => Number(isPositive(row))),
  );
  return [...areas, { name: MEAN, area: mean, between: () => '' }, any];
}

function areaOf(name: string, values: readonly number[], truths: readonly number[]): Area {
  return {
    name,
    area: averagePrecision(values, truths),
    rows: truths.length,
    positives: truths.reduce((all, truth) => all + truth, 0),
    between: () => {
      const { low, high } = bootstrap(values.length, (drawn) =>
        averagePrecision(pick(values, drawn), pick(truths, drawn)),
      );
      return `${low.toFixed(3)} and ${high.toFixed(3)}`;
    },
  };
}

export const isPositive = ({ labels }: Row): boolean => Object.values(labels).some((value) => value > 0);

const pick = (from: readonly number[], places: ArrayLike<number>): number[] =>
  Array.from(places, (place) => from[place] ?? 0);
