/** One figure beside what it is to reach. */
export interface Row {
  readonly what: string;
  /** What nothing could beat, where there is such a thing. */
  readonly limit?: number;
  /** The most that it may be. Absent: shown for comparison. */
  readonly goal?: number;
  readonly measured: number;
  readonly unit?: string;
  readonly digits?: number;
}

export const holds = ({ goal, measured }: Row): boolean => goal === undefined || measured <= goal;

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ['', 'limit', 'goal', 'measured', ''],
    ...rows.map((row) => {
      const show = (value: number | undefined): string =>
        value === undefined ? '–' : `${value.toFixed(row.digits ?? 2)}${row.unit ? ` ${row.unit}` : ''}`;
      const goal = row.goal === undefined ? '–' : `≤ ${show(row.goal)}`;
      return [row.what, show(row.limit), goal, show(row.measured), verdict(row)];
    }),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function verdict(row: Row): string {
  if (row.goal === undefined) return '';
  return holds(row) ? 'ok' : 'MISSED';
}
