import { ATTACKS } from '../attacks.ts';
import type { Row } from '../data.ts';
import type { Judge } from '../peers.ts';
import { percent, printTable } from './table.ts';

/** How much of what they flag in plain text judges still flag when it is hidden, and what of harmless text then. */
export function measureRobustness(judges: readonly Judge[], flagged: readonly Row[], harmless: readonly Row[]): void {
  const table = [['attack', ...judges.map(({ name }) => name)]];
  for (const [name, attack] of Object.entries(ATTACKS))
    table.push([
      name,
      ...judges.map((judge) => {
        const share = (rows: readonly Row[]): number =>
          rows.filter(({ text }) => judge.flags(attack(text))).length / rows.length;
        return `${percent(share(flagged), 0)} (${percent(share(harmless), 1)})`;
      }),
    ]);
  printTable(
    `Recall under attack on ${flagged.length} rows, in brackets false alarms on ${harmless.length} harmless ones`,
    table,
  );
}
