/** The routes, unchanged, on Node 22 and 24, Bun, Deno and workerd, all from the package registry: `pnpm test:runtimes`. */
import { build } from 'esbuild';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './packed/run.ts';

const RUNTIMES = { bun: '1', deno: '2', miniflare: '4', node: '22' };
const WORKERD = `import { Miniflare } from 'miniflare';
import { answer, askWorker } from './crowd.mjs';
const worker = new Miniflare({
  modules: true,
  scriptPath: 'worker.mjs',
  compatibilityDate: '2026-07-01',
  outboundService: answer,
});
console.log(await askWorker((path, init) => worker.dispatchFetch('http://localhost' + path, init)));
await worker.dispose();
`;
const PROGRAM = join(import.meta.dirname, 'runtimes/program.ts');
const WORKER = join(import.meta.dirname, 'runtimes/worker.ts');
const CROWD = join(import.meta.dirname, 'runtimes/crowd.ts');

const folder = await mkdtemp(join(tmpdir(), 'chaperone-runtimes-'));
try {
  const manifest = {
    private: true,
    type: 'module',
    dependencies: RUNTIMES,
    // They fetch nothing then that the registry does not have: their programs are packages of their own.
    allowScripts: { bun: true, deno: true, workerd: true, node: true },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });

  await bundle(
    'program.mjs',
    `import { runProgram } from ${JSON.stringify(PROGRAM)};\nconsole.log(await runProgram());`,
  );
  await bundle(
    'worker.mjs',
    `import { fetchInWorker } from ${JSON.stringify(WORKER)};\nexport default { fetch: fetchInWorker };`,
  );
  await bundle('crowd.mjs', `export * from ${JSON.stringify(CROWD)};`);
  await writeFile(join(folder, 'workerd.mjs'), WORKERD);

  const bin = (name: string): string => join(folder, 'node_modules/.bin', name);
  await tell('Node 24', process.execPath, ['program.mjs']);
  await tell('Node 22', join(folder, 'node_modules/node/bin/node'), ['program.mjs']);
  await tell('Bun', bin('bun'), ['program.mjs']);
  await tell('Deno', bin('deno'), ['run', 'program.mjs']);
  await tell('workerd', process.execPath, ['workerd.mjs']);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function bundle(file: string, contents: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    outfile: join(folder, file),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2024',
    logLevel: 'silent',
  });
}

async function tell(runtime: string, command: string, args: readonly string[]): Promise<void> {
  const output = await run(command, args, { cwd: folder });
  const cases = Number(output.trimEnd().split('\n').at(-1));
  if (!(cases > 0)) throw new Error(`${runtime} ran no case: ${output}`);
  console.log(`${runtime}: ${cases} cases`);
}
