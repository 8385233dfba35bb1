import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../../src/packed/run.ts';

/** The example that has Next.js: no member of the workspace does, for its sake the first install would be slow. */
export const EXAMPLE: string = join(import.meta.dirname, '../../../../examples/next-chat');
const NEXT = join(EXAMPLE, 'node_modules/next/dist/bin/next');
const QUIET = { NEXT_TELEMETRY_DISABLED: '1' };

/** Next.js as it runs an app. */
export interface RunningNext extends AsyncDisposable {
  readonly url: string;
  /** What it has written so far, to either stream. */
  readonly output: string;
}

/** Builds an app with the Next.js of the example, which is installed where it is not. */
export async function buildNext(app: string): Promise<void> {
  await installNext();
  await run(process.execPath, [NEXT, 'build'], { cwd: app, env: QUIET });
}

export async function installNext(): Promise<void> {
  if (!existsSync(NEXT)) await run('npx', ['--yes', 'pnpm@12', 'install'], { cwd: EXAMPLE });
}

/** Runs an app, as it was built (`start`) or as one works on it (`dev`), and waits until a page is there. */
export async function startNext(
  app: string,
  how: 'start' | 'dev',
  options: { readonly env: { readonly [name: string]: string | undefined }; readonly page: string },
): Promise<RunningNext> {
  const port = await freePort();
  const args = [NEXT, how, '-p', String(port), '-H', '127.0.0.1'];
  const env = { ...process.env, ...QUIET, ...options.env };
  const server = spawn(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  server.stdout.on('data', keep);
  server.stderr.on('data', keep);
  const running: RunningNext = {
    url: `http://127.0.0.1:${port}`,
    get output() {
      return output;
    },
    async [Symbol.asyncDispose]() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill();
      await once(server, 'exit');
    },
  };
  for (const until = Date.now() + 60_000; Date.now() < until; await pause(100)) {
    if (server.exitCode !== null) break;
    if (await isThere(`${running.url}${options.page}`)) return running;
  }
  await running[Symbol.asyncDispose]();
  throw new Error(`Next.js did not start.\n${output}`);
}

/** Whether something answers, an error of its own aside. */
async function isThere(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ status }) => status < 500,
    () => false,
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
