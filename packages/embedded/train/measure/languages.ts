import type { Row } from '../data.ts';
import { isPositive } from './ranking.ts';
import type { Subject } from './subject.ts';
import { percent, printTable } from './table.ts';

/** What is made of posts in other languages: how many are told from English, and what is flagged of those. */
export function measureLanguages(subject: Subject, rows: readonly Row[]): void {
  const sources = [...new Set(rows.map(({ source }) => source))];
  printTable('Other languages', [
    ['', 'posts', 'told from English', 'flagged of the harmless of those', 'flagged', 'rightly'],
    ...sources.map((source) => {
      const posts = rows.filter((row) => row.source === source);
      const foreign = posts.filter(({ text }) => !subject.isEnglish(text));
      const harmless = foreign.filter((row) => !isPositive(row));
      const flagged = foreign.filter(({ text }) => subject.flags(text));
      const wrongly = harmless.filter(({ text }) => subject.flags(text));
      return [
        source,
        String(posts.length),
        percent(foreign.length / posts.length),
        percent(wrongly.length / harmless.length, 2),
        String(flagged.length),
        String(flagged.length - wrongly.length),
      ];
    }),
  ]);
}
