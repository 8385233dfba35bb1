/** Prints rows as a table of Markdown under a title; the first row is the head. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(`\n**${title}**\n`);
  console.log([line(head), line(head.map(() => '---')), ...body.map(line)].join('\n'));
}

export const percent = (share: number, digits: number = 1): string => `${(100 * share).toFixed(digits)} %`;
