import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

/** The version of Node that the packages promise to run on, beside the one that runs this. */
const OLDEST_NODE = '22';

/** Makes a project as a user would: the tarballs, the real clients, nothing of this repository around it. */
export async function install(
  project: string,
  tarballs: Readonly<Record<string, string>>,
  beside: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(project, { recursive: true });
  await writeJson(join(project, 'package.json'), {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(
        Object.entries(tarballs).map(([folder, tarball]) => [`@chaperone/${folder}`, `file:${tarball}`]),
      ),
      ...beside,
      node: OLDEST_NODE,
    },
  });
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project });
}

/** Compiles the consumer against the packed declarations, and these with it. */
export async function typeCheck(root: string, project: string): Promise<void> {
  await copyFile(join(import.meta.dirname, 'consumer.ts'), join(project, 'consumer.ts'));
  await writeJson(join(project, 'tsconfig.json'), {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'dom', 'dom.iterable'],
      module: 'nodenext',
      strict: true,
      skipLibCheck: false,
      types: ['node'],
    },
    files: ['consumer.ts'],
  });
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'], {
    cwd: project,
  });
}

/** Runs the compiled consumer and gives its report: one line. */
export async function runConsumer(project: string, node: string): Promise<string> {
  const output = await run(node, ['consumer.js'], { cwd: project });
  return output.trimEnd().split('\n').at(-1) ?? '';
}

/** The oldest Node that was promised, as it was installed into the project. */
export const oldestNode = (project: string): string => join(project, 'node_modules/node/bin/node');

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
