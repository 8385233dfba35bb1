import type { Row } from '../data.ts';
import type { Judge } from '../peers.ts';
import { isPositive } from './ranking.ts';
import { percent, printTable } from './table.ts';

/** Rows of one kind, all harmless or not. */
export interface Sample {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** What each says of the same rows: hits where there is something to hit, alarms where there is not. */
export function compareJudges(judges: readonly Judge[], mixed: readonly Sample[], harmless: readonly Sample[]): void {
  for (const { name, rows } of mixed)
    printTable(name, [
      ['', 'F1', 'precision', 'recall', 'false alarms'],
      ...judges.map((judge) => [judge.name, ...hitsOf(judge, rows)]),
    ]);
  printTable('False alarms on harmless text', [
    ['', ...harmless.map(({ name }) => name)],
    ...judges.map((judge) => [
      judge.name,
      ...harmless.map(({ rows }) => percent(rows.filter(({ text }) => judge.flags(text)).length / rows.length, 2)),
    ]),
  ]);
}

function hitsOf(judge: Judge, rows: readonly Row[]): readonly string[] {
  const flagged = rows.filter(({ text }) => judge.flags(text));
  const hits = flagged.filter(isPositive).length;
  const positives = rows.filter(isPositive).length;
  return [
    ((2 * hits) / (flagged.length + positives)).toFixed(3),
    (hits / Math.max(1, flagged.length)).toFixed(2),
    (hits / positives).toFixed(2),
    percent((flagged.length - hits) / (rows.length - positives)),
  ];
}
