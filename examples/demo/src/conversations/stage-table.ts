import type { Stage } from '@chaperone/core';
import type { Screen } from '../screen.ts';
import { columnOf, COLUMNS, STAGES } from './outcome.ts';
import type { Result } from './run.ts';
import { writeTable } from './table.ts';

/** A row for each stage; the columns between `stage` and `lines` add up to `lines`. */
export function writeStageTable(screen: Screen, results: readonly Result[]): void {
  const row = (stage: Stage): readonly string[] => {
    const columns = results.map((result) => columnOf(result, stage));
    const latencies = results.flatMap(({ latency }) => latency[stage] ?? []).toSorted((a, b) => a - b);
    return [
      stage,
      ...COLUMNS.map((column) => String(columns.filter((each) => each === column).length)),
      String(results.length),
      milliseconds(quantile(latencies, 0.5)),
      milliseconds(quantile(latencies, 0.95)),
    ];
  };
  writeTable(screen, [['stage', ...COLUMNS, 'lines', 'median', 'p95'], ...STAGES.map(row)], 1);
}

/** The smallest value that is at least as large as this share of them. */
function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(1)} ms`;
}
