import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const WANTED = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
const UNWANTED = /\.test\.|\.test-d\.|(?:^|\/)tests?\/|\.tsbuildinfo$|\.snippets|\.tgz$/;

/** What is wrong with an installed package, as sentences. */
export async function inspect(folder: string, root: string): Promise<readonly string[]> {
  const files = await filesIn(folder);
  const manifestText = await readFile(join(folder, 'package.json'), 'utf8');
  const problems = [
    ...WANTED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => UNWANTED.test(file)).map((file) => `${file} should not be packed`),
    ...['workspace:', 'catalog:']
      .filter((range) => manifestText.includes(range))
      .map((range) => `package.json still says ${range}`),
  ];

  const { exports } = JSON.parse(manifestText) as { readonly exports?: unknown };
  const targets = stringsIn(exports);
  if (targets.length === 0) problems.push('package.json exports nothing');
  for (const target of targets) {
    if (!target.startsWith('./dist/')) problems.push(`package.json exports ${target}, which is not in dist`);
    else if (!files.includes(target.slice(2))) problems.push(`package.json exports ${target}, which is not packed`);
  }

  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8');
    if (text.includes(root)) problems.push(`${file} names the folder that it was built in`);
    if (!file.endsWith('.map')) continue;
    const { sources } = JSON.parse(text) as { readonly sources: readonly string[] };
    for (const source of sources) {
      const path = relative(folder, join(folder, dirname(file), source));
      if (!files.includes(path)) problems.push(`${file} leads to ${path}, which is not packed`);
    }
  }
  return problems;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('node_modules/'));
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
