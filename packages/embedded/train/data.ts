import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One row of the data, as `LICENSES.md` beside the data describes it. */
export interface Row {
  readonly text: string;
  /** The labels that are known; one that is missing is unknown. */
  readonly labels: Readonly<Record<string, number>>;
  readonly weight: number;
  /** The file that it is from. */
  readonly source: string;
  /** The functionality or type, in data for measuring. */
  readonly type?: string;
}

/** The rows of every file of a folder, files in the order of their names. */
export function readRows(folder: string, wanted: (source: string) => boolean = () => true): readonly Row[] {
  return filesIn(folder)
    .map((file) => ({ file, source: file.replace('.jsonl.gz', '') }))
    .filter(({ source }) => wanted(source))
    .flatMap(({ file, source }) =>
      gunzipSync(readFileSync(join(folder, file)))
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => readRow(line, source)),
    );
}

/** Single-word and longer terms, with their categories. */
export function readLexicon(folder: string): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(gunzipSync(readFileSync(join(folder, 'lexicon.json.gz'))).toString('utf8')) as Record<
    string,
    readonly string[]
  >;
}

/** What the data is known by: a hash of each file. */
export function manifestOf(folder: string, folders: readonly string[]): Readonly<Record<string, string>> {
  const files = [
    ...folders.flatMap((inner) => filesIn(join(folder, inner)).map((file) => `${inner}/${file}`)),
    'lexicon.json.gz',
  ];
  return Object.fromEntries(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex'),
    ]),
  );
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl.gz'))
    .toSorted();

function readRow(line: string, source: string): Row {
  const {
    t,
    y = {},
    w = 1,
    f,
  } = JSON.parse(line) as {
    readonly t: string;
    readonly y?: Readonly<Record<string, number>>;
    readonly w?: number;
    readonly f?: string;
  };
  return { text: t, labels: y, weight: w, source, ...(f !== undefined && { type: f }) };
}
