import type { Finding, Stage } from '@chaperone/core';
import type { Screen } from '../screen.ts';
import { columnOf, reasonsFor, STAGES } from './outcome.ts';
import type { Result } from './run.ts';
import { writeTable } from './table.ts';

const COLUMNS = ['flagged', 'blocked', 'retried'] as const;

type Counted = (typeof COLUMNS)[number];

interface Row {
  readonly category: string;
  readonly stage: Stage;
  readonly moderator: string;
  readonly counts: { readonly [C in Counted]: number };
  readonly highest: number | undefined;
}

/** What was found by category: a line counts once in each category that put it into its column of the stages' table. */
export function writeCategoryTable(screen: Screen, results: readonly Result[]): void {
  const rows = rowsOf(results);
  if (rows.length === 0) {
    screen.line('  Nothing was flagged, so there is no category to tell of.');
    return;
  }
  const cells = rows.map(({ category, stage, counts, highest, moderator }) => [
    category,
    stage,
    moderator,
    ...COLUMNS.map((column) => String(counts[column])),
    highest?.toFixed(2) ?? '–',
  ]);
  writeTable(screen, [['category', 'stage', 'moderator', ...COLUMNS, 'highest score'], ...cells], 3);
}

/** The findings that put a line where it is, one for each category and moderator, with the highest score. */
export function decisiveFindings(result: Result, stage: Stage): readonly Finding[] {
  const column = columnOf(result, stage);
  const actions: readonly string[] = column === 'flagged' ? ['warn', 'review'] : ['block'];
  const decisive = new Map<string, Finding>();
  for (const finding of reasonsFor(result, stage).flatMap(({ findings }) => findings)) {
    const key = keyOf(finding);
    const known = decisive.get(key);
    if (actions.includes(finding.action) && (known?.score ?? -1) < (finding.score ?? 0)) decisive.set(key, finding);
  }
  return [...decisive.values()];
}

function rowsOf(results: readonly Result[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const result of results)
    for (const stage of STAGES) {
      const column = COLUMNS.find((each) => each === columnOf(result, stage));
      if (column === undefined) continue;
      for (const finding of decisiveFindings(result, stage)) {
        const { category, moderator, score } = finding;
        const key = `${stage} ${keyOf(finding)}`;
        const { counts, highest } = rows.get(key) ?? { counts: { flagged: 0, blocked: 0, retried: 0 } };
        rows.set(key, {
          category,
          stage,
          moderator,
          counts: { ...counts, [column]: counts[column] + 1 },
          highest: score === undefined ? highest : Math.max(score, highest ?? 0),
        });
      }
    }
  return [...rows.values()].toSorted((a, b) => a.category.localeCompare(b.category) || a.stage.localeCompare(b.stage));
}

function keyOf({ category, moderator }: Finding): string {
  return `${moderator} ${category}`;
}
