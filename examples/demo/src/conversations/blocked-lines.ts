import { count, describeFinding } from '../describe.ts';
import type { Screen } from '../screen.ts';
import { decisiveFindings } from './category-table.ts';
import { columnOf, STAGES } from './outcome.ts';
import type { Result } from './run.ts';

/** How many are shown. */
const SHOWN = 10;

/** Some of the blocked lines, and why: nothing of what they say. */
export function writeBlockedLines(screen: Screen, results: readonly Result[]): void {
  const blocked = results.flatMap((result) =>
    STAGES.filter((stage) => columnOf(result, stage) === 'blocked').map((stage) => ({ result, stage })),
  );
  if (blocked.length === 0) return;
  screen.line();
  screen.line(screen.style('bold', '  Blocked lines, and why'));
  for (const { result, stage } of blocked.slice(0, SHOWN)) {
    const why = decisiveFindings(result, stage).map(describeFinding).join('; ');
    const after = stage === 'output' && result.attempts > 1 ? `, after ${count(result.attempts, 'generation')}` : '';
    screen.line(`  line ${String(result.number).padEnd(6)}${stage.padEnd(8)}${why}${after}`);
  }
  if (blocked.length > SHOWN) screen.line(`  … and ${blocked.length - SHOWN} more`);
}
