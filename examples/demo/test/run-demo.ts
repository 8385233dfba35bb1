import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs the demo as a user does, in a process of its own, without the keys and folders of whoever runs the tests. */
export async function runDemo(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: { readonly [name: string]: string } } = {},
): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('OPENAI_') && name !== 'INIT_CWD' && name !== 'FORCE_COLOR',
  );
  const env = { ...Object.fromEntries(inherited), ...options.env };
  const began = performance.now();
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], { env, cwd: options.cwd, timeout: 14_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr, ms: performance.now() - began });
      else reject(new Error('The demo did not end by itself.', { cause: error }));
    });
  });
}

/** The lines of a screen with runs of white space as one space, so that a test does not depend on the layout. */
export function linesOf(screen: string): readonly string[] {
  return screen.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
}
