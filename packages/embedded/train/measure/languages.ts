import type { Row } from '../data.ts';
import { isPositive } from './ranking.ts';
import type { Subject } from './subject.ts';
import { percent, printTable } from './table.ts';

/** What is made of other languages: how many texts are told from English, and what is flagged of those. */
export function measureLanguages(subject: Subject, rows: readonly Row[]): void {
  const sources = [...new Set(rows.map(({ source }) => source))];
  printTable('Other languages', [
    ['', 'texts', 'told from English', 'flagged of the harmless of those', 'flagged', 'rightly'],
    ...sources.map((source) => {
      const texts = rows.filter((row) => row.source === source);
      const foreign = texts.filter(({ text }) => !subject.isEnglish(text));
      const harmless = foreign.filter((row) => !isPositive(row));
      const flagged = foreign.filter(({ text }) => subject.flags(text));
      const wrongly = harmless.filter(({ text }) => subject.flags(text));
      return [
        source,
        String(texts.length),
        percent(foreign.length / texts.length, 2),
        percent(wrongly.length / Math.max(1, harmless.length), 2),
        String(flagged.length),
        String(flagged.length - wrongly.length),
      ];
    }),
  ]);
}
