/** The routes, unchanged, on Node 22 and 24, Bun, Deno and workerd, all from the package registry: `pnpm test:runtimes`. */
import { build } from 'esbuild';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './packed/run.ts';

const RUNTIMES = { bun: '1', deno: '2', miniflare: '4', node: '22' };
/** Asks a Worker for its cases, and then many times at once, where one in five asks for what is refused. */
const WORKERD = `import { Miniflare } from 'miniflare';
import { setTimeout } from 'node:timers/promises';
const answer = async (request) => {
  await setTimeout(20 + Math.random() * 60);
  const body = await request.text();
  if (new URL(request.url).hostname === 'model.test') return new Response('You said: ' + body);
  return Response.json(JSON.parse(body).map((text) => text.includes('zorp')));
};
const worker = new Miniflare({
  modules: true,
  scriptPath: 'worker.mjs',
  compatibilityDate: '2026-07-01',
  outboundService: answer,
});
const cases = Number(await (await worker.dispatchFetch('http://localhost/')).text());
const ask = async (message) => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ message });
  const response = await worker.dispatchFetch('http://localhost/chat', { method: 'POST', headers, body });
  const [text, expected] = [await response.text(), message.includes('zorp') ? 'No.' : 'You said: ' + message];
  if (text !== expected) throw new Error('Of requests at once, one was answered with ' + response.status + ' ' + text);
};
let asked = 0;
for (let round = 0; round < 3; round += 1)
  await Promise.all(
    Array.from({ length: 20 }, (_, at) => {
      asked += 1;
      return ask((at % 5 === 0 ? 'a zorp ' : 'hello ') + (at % 3 === 0 ? 'again' : round * 20 + at));
    }),
  );
console.log(cases + asked);
await worker.dispose();
`;
const PROGRAM = join(import.meta.dirname, 'runtimes/program.ts');
const WORKER = join(import.meta.dirname, 'runtimes/worker.ts');

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
