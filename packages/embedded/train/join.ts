import type { Row } from './data.ts';

/** So long, or of so many rows, a joined text is. */
const WORDS = 45;
const ROWS = 4;

/** Rows of the same file and the same labels as longer texts: what is written at length speaks of one thing more often than not. */
export function join(rows: readonly Row[]): readonly Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.source} ${JSON.stringify(row.labels)}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].flatMap((group) => [...joinAll(group)]);
}

function* joinAll(group: readonly Row[]): Iterable<Row> {
  let texts: string[] = [];
  let words = 0;
  for (const [at, row] of group.entries()) {
    texts.push(row.text);
    words += row.text.split(/\s+/).length;
    if (words < WORDS && texts.length < ROWS && at < group.length - 1) continue;
    yield { ...row, text: texts.join(' ') };
    texts = [];
    words = 0;
  }
}
