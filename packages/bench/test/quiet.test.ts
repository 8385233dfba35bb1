import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Stirred } from './quiet/probe.ts';

const PROBE = fileURLToPath(new URL('quiet/probe.ts', import.meta.url));
const NOTHING: Stirred = { resources: [], calls: [], environment: [], globals: [] };

/** What importing these modules sets in motion, in a process that must end by itself within five seconds. */
async function importing(...modules: readonly string[]): Promise<Stirred> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE, ...modules], { timeout: 5_000 });
  return JSON.parse(stdout) as Stirred;
}

test.each(['@chaperone/core', '@chaperone/moderators', '@chaperone/openai', '@chaperone/ai-sdk'])(
  'importing %s starts nothing',
  async (name) => {
    expect(await importing(name)).toEqual(NOTHING);
  },
);

test.each([
  ['a timer', 'setTimeout(() => {}, 50)', { resources: ['Timeout'], calls: ['setTimeout'] }],
  ['a timer that does not hold the process', 'setInterval(() => {}, 50).unref()', { calls: ['setInterval'] }],
  ['a read of the environment', 'process.env.PLANTED', { environment: ['PLANTED'] }],
  ['a question to the environment', '"PLANTED" in process.env', { environment: ['PLANTED'] }],
  ['a global', 'globalThis.planted = 1', { globals: ['planted'] }],
  [
    'a setting of zod',
    'globalThis.__zod_globalConfig = { jitless: true }',
    { globals: ['__zod_globalConfig.jitless'] },
  ],
])('the probe would notice %s', async (_what, code, expected) => {
  expect(await importing(`data:text/javascript,${encodeURIComponent(code)}`)).toEqual({ ...NOTHING, ...expected });
});
