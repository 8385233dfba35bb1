import type { Row } from '../data.ts';
import { isPositive } from './ranking.ts';
import type { Subject } from './subject.ts';
import { percent, printTable } from './table.ts';

/** The best F1 that a threshold has with no more than this share of false alarms: the threshold is chosen on the rows. */
export function measureOperatingPoint(subject: Subject, name: string, rows: readonly Row[], alarms: number): void {
  const scores: readonly (readonly [name: string, scoreOf: (text: string) => number])[] = [
    ['highest of what is flagged', subject.highest],
    ['hate alone', (text) => subject.scores(text).hate],
  ];
  printTable(`${name}, at most ${percent(alarms)} false alarms`, [
    ['score', 'threshold', 'F1', 'false alarms'],
    ...scores.map(([score, scoreOf]) => {
      const { threshold, f1, share } = bestOf(rows, scoreOf, alarms);
      return [score, threshold.toFixed(3), f1.toFixed(4), percent(share, 2)];
    }),
  ]);
}

function bestOf(
  rows: readonly Row[],
  scoreOf: (text: string) => number,
  alarms: number,
): { readonly threshold: number; readonly f1: number; readonly share: number } {
  const ranked = rows
    .map((row) => ({ score: scoreOf(row.text), truth: isPositive(row) }))
    .toSorted((one, other) => other.score - one.score);
  const positives = ranked.filter(({ truth }) => truth).length;
  let best = { threshold: 1, f1: 0, share: 0 };
  let hits = 0;
  for (const [at, { score, truth }] of ranked.entries()) {
    if (truth) hits += 1;
    // What has the same score is flagged together.
    if (ranked[at + 1]?.score === score) continue;
    const share = (at + 1 - hits) / (rows.length - positives);
    if (share > alarms) break;
    const f1 = (2 * hits) / (at + 1 + positives);
    if (f1 > best.f1) best = { threshold: score, f1, share };
  }
  return best;
}
