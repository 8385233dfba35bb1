/**
 * The example chats in a real browser, Debian's Chromium (`apt-get install chromium`): `pnpm test:browser`. Screenshots go
 * into the folder that is named, or nowhere.
 */
import { startServer } from '@chaperone/testing';
import { chromium } from 'playwright-core';
import { localModels } from '../../../../examples/next-chat/lib/local-models.ts';
import { driveExpress } from './express-openai.ts';
import { driveNext, driveNextWithoutKey } from './next-chat.ts';

const folder = process.argv[2];
await using upstream = await startServer(localModels);
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
try {
  for (const drive of [driveExpress, driveNext, driveNextWithoutKey]) {
    upstream.reset();
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    const heard: string[] = [];
    page.on('response', (response) => {
      response.text().then(
        (body) => heard.push(body),
        () => {}, // of a redirect, or a page that is gone
      );
    });
    const seen = await drive({ page, upstream, shoot: (name) => shoot(page, name) });
    const kept = await page.evaluate('JSON.stringify(localStorage)');
    const everything = [await page.content(), String(kept), ...heard].join('\n');
    if (/zorp/i.test(everything)) throw new Error(`${drive.name}: the flagged text has reached the browser`);
    if (heard.length < seen) throw new Error(`${drive.name}: the network log holds too little`);
    console.log(`${drive.name}: ${seen} answers, and the flagged text nowhere in the page, the network or the store`);
    await page.close();
  }
} finally {
  await browser.close();
}

async function shoot(page: Awaited<ReturnType<typeof browser.newPage>>, name: string): Promise<void> {
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
