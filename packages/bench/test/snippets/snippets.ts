import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../architecture/source.ts';

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A block, and those that continue it. */
export interface Module {
  readonly file: string;
  readonly text: string;
  /** Where each of its lines stands in the page. */
  readonly origins: readonly string[];
}

/** The pages that show how Chaperone is used. */
export async function readPages(): Promise<readonly Page[]> {
  const paths: string[] = [];
  const patterns = ['README.md', 'packages/*/README.md', 'packages/*/ARCHITECTURE.md', 'examples/*/README.md'];
  for await (const path of glob(patterns, { cwd: ROOT })) paths.push(path);
  return Promise.all(paths.toSorted().map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

/** The blocks of a page as modules. */
export function modulesOf({ path, text }: Page): readonly Module[] {
  const modules: { text: string[]; origins: string[] }[] = [];
  let fence: string | undefined; // the fence of the block that is open, whatever its language
  let open: { text: string[]; origins: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, marks = '', info = ''] = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (fence === undefined && marks) {
      fence = marks;
      const [language, ...words] = info.trim().split(/\s+/);
      if (language !== 'ts') continue;
      open = words.includes('continued') ? modules.at(-1) : undefined;
      if (!open) modules.push((open = { text: [], origins: [] }));
    } else if (fence !== undefined && marks.startsWith(fence) && info === '') {
      fence = undefined;
      open = undefined;
    } else if (open) {
      open.text.push(line);
      open.origins.push(`${path}:${index + 1}`);
    }
  }
  const name = path.replaceAll(/\W+/g, '-');
  return modules.map(({ text: lines, origins }, index) => ({
    file: `${name}-${index}.ts`,
    text: `${lines.join('\n')}\nexport {};\n`,
    origins,
  }));
}

const SETTINGS = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    allowImportingTsExtensions: true, // the packages' exports lead to their sources here
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  },
  include: ['*.ts'],
};

/** What TypeScript says of the modules in a folder, by page and line. */
export async function compile(folder: string, modules: readonly Module[]): Promise<readonly string[]> {
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  if (!existsSync(tsc)) throw new Error(`No TypeScript at ${tsc}`);
  const output = await promisify(execFile)(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: folder,
    timeout: 60_000,
  }).then(
    () => '',
    (error: unknown) => {
      const { stdout } = error as { readonly stdout?: string }; // what execFile rejects with
      if (!stdout) throw error; // it did not get as far as complaining
      return stdout;
    },
  );
  return output
    .split('\n')
    .filter((line) => line.includes('error TS'))
    .map((line) => {
      const [, file, at, message] = /^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/.exec(line) ?? [];
      const origin = modules.find((module) => module.file === file)?.origins[Number(at) - 1];
      return origin ? `${origin}, ${message}` : line;
    });
}
