import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, StepFailed } from './run.ts';

/** The folders in `packages/` that are published. */
export const PUBLISHED = ['core', 'moderators', 'embedded', 'openai', 'ai-sdk', 'http', 'express', 'testing'] as const;

/** Builds anew: what an older build left in `dist` must not be packed. */
export async function build(root: string): Promise<void> {
  for (const folder of PUBLISHED) await rm(join(root, 'packages', folder, 'dist'), { recursive: true, force: true });
  const projects = PUBLISHED.map((folder) => `packages/${folder}`);
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...projects], { cwd: root });
}

/** Packs one package as it would be published, and gives the path of the tarball. */
export async function pack(root: string, folder: string, destination: string): Promise<string> {
  await run('pnpm', ['pack', '--pack-destination', destination], { cwd: join(root, 'packages', folder) });
  const packed = (await readdir(destination)).find((file) => file.startsWith(`chaperone-${folder}-`));
  if (!packed) throw new StepFailed(`pnpm pack left no tarball of ${folder} in ${destination}`);
  return join(destination, packed);
}

/** What publint and attw have to say of a tarball: nothing, or it throws. */
export async function lint(root: string, tarball: string): Promise<void> {
  const tool = (name: string): string => join(root, 'node_modules/.bin', name);
  await access(tool('publint'));
  await run(tool('publint'), ['run', tarball, '--strict'], { cwd: root });
  await run(tool('attw'), [tarball, '--profile', 'esm-only', '--no-color'], { cwd: root });
}
