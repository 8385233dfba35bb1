import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { run } from '../../src/packed/run.ts';
import { expectText, type Scene } from './scene.ts';

const APP = join(import.meta.dirname, '../../../../examples/next-chat');
const NEXT = join(APP, 'node_modules/next/dist/bin/next');

/** The chat of `examples/next-chat`, built and started as it would be. Resolves with how many answers it saw. */
export async function driveNext({ page, upstream, shoot }: Scene): Promise<number> {
  if (!existsSync(NEXT)) await run('npx', ['--yes', 'pnpm@12', 'install'], { cwd: APP });
  const env = { ...process.env, OPENAI_API_KEY: 'local', OPENAI_BASE_URL: upstream.url, NEXT_TELEMETRY_DISABLED: '1' };
  await run(process.execPath, [NEXT, 'build'], { cwd: APP, env: { NEXT_TELEMETRY_DISABLED: '1' } });
  const port = await freePort();
  const server = spawn(process.execPath, [NEXT, 'start', '-p', String(port)], { cwd: APP, env, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const say = async (text: string, expected: RegExp): Promise<void> => {
    const before = await page.locator('article.assistant').count();
    await page.fill('input', text);
    await page.click('button');
    await page.locator('article.assistant').nth(before).waitFor();
    await page.waitForSelector('main[data-status="ready"]');
    expectText(await page.locator('article.assistant').last().innerText(), expected);
  };
  try {
    await until(async () => (await fetch(url)).ok);
    await page.goto(url);
    await say('What grows by the sea?', /nobody waters it/);
    await page.reload();
    await page.locator('article.assistant').first().waitFor();
    expectText(await page.locator('article.assistant').first().innerText(), /nobody waters it/);
    await say('Tell me of the blarg.', /^Sorry, I can't respond/);
    await say('What grows by the sea?', /nobody waters it/);
    await say('What is its secret?', /^Sea holly grows by the sea\.\s*Sorry, I can't show/);
    await say('Be rude.', /nobody waters it.*↻ The first answer/s);
    await shoot('next-chat');
    upstream.fault('moderation', { kind: 'status', status: 500 });
    await say('And by the river?', /safety check did not work/);
    upstream.clearFaults();
    await say('And by the lake?', /nobody waters it/);
    await page.selectOption('select', 'fr');
    await say('Parlez-moi du blarg.', /^Désolé/);
    await page.selectOption('select', 'zh');
    await say('blarg', /抱歉/);
    await shoot('next-chat-languages');
    return 9;
  } finally {
    server.kill();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function until(isReady: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isReady().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('The app did not start.');
}
