import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Timing } from '@chaperone/testing';

/** Runs something beside a local server that has a process, and so a processor, of its own. */
export async function besideServer<T>(timing: Timing, run: (url: string) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(import.meta.resolve('./local-server.ts')), [JSON.stringify(timing)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    if (!child.stdout) throw new Error('The local server has no output.');
    const [said] = (await once(child.stdout, 'data')) as [Buffer]; // what a stream of bytes emits
    return await run(String(said).trim());
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}
