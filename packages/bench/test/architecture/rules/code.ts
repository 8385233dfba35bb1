import { isPublished, noLines, plant, type Rule } from './rule.ts';

/** What does not occur in what is shipped. */
export const CODE_RULES: readonly Rule[] = [
  noLines('export *: a shop window names what it shows', ({ exportStars }) => exportStars, [
    plant('core/src/index.ts', `export * from './errors.ts';`),
    plant('core/src/index.ts', `export type * from './options.ts';`),
  ]),
  noLines('any', ({ anys }) => anys, [
    plant('core/src/planted.ts', `export const x = (value: any): unknown => value;`),
    plant('core/src/planted.ts', `export const x = JSON.parse('1') as any;`),
    plant('core/src/planted.ts', `export type X = Record<string, Array<any>>;`),
  ]),
  noLines('as unknown as', ({ doubleCasts }) => doubleCasts, [
    plant('core/src/planted.ts', `export const x = 'a' as unknown as number; // even with a reason`),
  ]),
  noLines(
    'a cast without a sentence that says why',
    (file, owner) => (isPublished(owner) ? file.unexplainedCasts : []),
    [plant('core/src/planted.ts', `export const x = JSON.parse('1') as number;`)],
  ),
  noLines('a suppression', ({ suppressions }) => suppressions, [
    plant('core/src/planted.ts', `// @ts-ignore\nexport const x = 1;`),
    plant('core/src/planted.ts', `// oxlint-disable-next-line no-console\nconsole.log(1);`),
  ]),
];
