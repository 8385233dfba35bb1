import type { Screen } from '../screen.ts';

/** A table of texts: the first row is the head, the first `left` columns are flush left, the others right. */
export function writeTable(screen: Screen, rows: readonly (readonly string[])[], left: number): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const line = row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
    screen.line(`  ${index === 0 ? screen.style('bold', line) : line}`.trimEnd());
    if (index === 0) screen.line(screen.style('dim', `  ${widths.map((width) => '─'.repeat(width)).join('  ')}`));
  }
}
