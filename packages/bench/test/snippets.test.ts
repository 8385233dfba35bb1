/*
 * Every TypeScript block of a README compiles, as a user of the packages would compile it: strict, `nodenext`, with
 * Node's types.
 *
 * The rule: a block fenced with `ts` is a module of its own, with its own imports. One fenced with `ts continued` goes on
 * where the last block of the same page ended, and sees what that one declared. Code that is not meant to compile is
 * fenced with something else (`js`, `text`).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from './architecture/source.ts';
import { compile, modulesOf, readPages, type Module } from './snippets/snippets.ts';

/** Inside this package, so that its dependencies are what the snippets import; not in git. */
const FOLDER = join(ROOT, 'packages/bench/.snippets');

beforeAll(() => mkdir(FOLDER, { recursive: true }));
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

async function complaints(name: string, modules: readonly Module[]): Promise<readonly string[]> {
  const folder = join(FOLDER, name);
  await mkdir(folder, { recursive: true });
  for (const module of modules) await writeFile(join(folder, module.file), module.text);
  return compile(folder, modules);
}

test('every snippet of a page compiles', { timeout: 60_000 }, async () => {
  const pages = await readPages();
  const modules = pages.flatMap(modulesOf);

  expect(pages.map(({ path }) => path)).toContain('README.md');
  expect(modules.length).toBeGreaterThan(0);
  expect(await complaints('pages', modules)).toEqual([]);
});

test('a wrong one is named by its page and line', { timeout: 60_000 }, async () => {
  const text = [
    '# Planted',
    '```ts',
    `import { reject } from '@chaperone/core';`,
    'const refuse = reject();',
    '```',
    'and',
    '```ts continued',
    'refuse.waits satisfies true;',
    'reject({ mesage: "no" });',
    '```',
  ].join('\n');

  expect(await complaints('planted', modulesOf({ path: 'PLANTED.md', text }))).toEqual([
    expect.stringMatching(/^PLANTED\.md:8, /), // a boolean is not `true`
    expect.stringMatching(/^PLANTED\.md:9, .*mesage/),
  ]);
});
