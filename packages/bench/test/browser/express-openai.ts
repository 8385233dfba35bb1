import { once } from 'node:events';
import { createApp } from '../../../../examples/express-openai/src/app.ts';
import { expectText, type Scene } from './scene.ts';

/** A first sentence is in the page, and the answer is not at its end. */
const IS_HALF_SAID = `/sea\\.\\s*$/.test(document.querySelector('.assistant')?.textContent) && !document.querySelector('#chat').dataset.turns`;

/** The chat of `examples/express-openai`. Resolves with how many answers it saw. */
export async function driveExpress({ page, upstream, shoot }: Scene): Promise<number> {
  const { app } = createApp({ apiKey: 'local', baseURL: upstream.url });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  let turns = 0;
  const say = async (text: string, expected: RegExp): Promise<void> => {
    await page.fill('input', text);
    // Waited for from before it can be: it does not last.
    await Promise.all([turns === 0 && page.waitForFunction(IS_HALF_SAID), page.click('button')]);
    turns += 2;
    await page.waitForSelector(`#chat[data-turns="${turns}"]`);
    expectText(await page.locator('.assistant').last().innerText(), expected);
  };
  try {
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    await say('What grows by the sea?', /nobody waters it/);
    await say('Tell me of the blarg.', /^Sorry, I can't respond/);
    await say('What grows by the sea?', /nobody waters it/);
    await say('What is its secret?', /^Sea holly grows by the sea\.\s*\n\s*Sorry, I can't show/);
    await say('Be rude.', /^Sea holly grows by the sea\. It is blue/);
    upstream.fault('moderation', { kind: 'status', status: 500 });
    await say('And by the river?', /safety check did not work/);
    upstream.clearFaults();
    await say('And by the lake?', /nobody waters it/);
    await shoot('express-openai');
    await page.reload();
    turns = 0;
    await say('What grows by the sea?', /nobody waters it/);
    return 8;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
