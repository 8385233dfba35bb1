import { buildNext, EXAMPLE, startNext } from '../next/next.ts';
import { expectText, type Scene } from './scene.ts';

/** The chat of `examples/next-chat`, built and started as it would be. Resolves with how many answers it saw. */
export async function driveNext({ page, upstream, shoot }: Scene): Promise<number> {
  await buildNext(EXAMPLE);
  const env = { OPENAI_API_KEY: 'local', OPENAI_BASE_URL: upstream.url };
  await using server = await startNext(EXAMPLE, 'start', { env, page: '/' });
  const say = chatOf(page);
  await page.goto(server.url);
  await say('What grows by the sea?', /nobody waters it/);
  await page.reload();
  await page.locator('article.assistant').first().waitFor();
  expectText(await page.locator('article.assistant').first().innerText(), /nobody waters it/);
  await say('Tell me of the blarg.', /^Sorry, I can't respond/);
  await say('What grows by the sea?', /nobody waters it/);
  await say('What is its secret?', /^Sea holly grows by the sea\.\s*\n\s*Sorry, I can't show/);
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
}

/** The same as its README begins: `dev`, no key, and so the models of a server in its own process. */
export async function driveNextWithoutKey({ page, upstream, shoot }: Scene): Promise<number> {
  const env = { OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined };
  await using server = await startNext(EXAMPLE, 'dev', { env, page: '/' });
  const say = chatOf(page);
  await page.goto(server.url);
  await say('What grows by the sea?', /nobody waters it/);
  await say('Tell me of the blarg.', /^Sorry, I can't respond/);
  await say('What grows by the sea?', /nobody waters it/);
  await say('What is its secret?', /^Sea holly grows by the sea\.\s*\n\s*Sorry, I can't show/);
  await say('Be rude.', /nobody waters it.*↻ The first answer/s);
  await page.selectOption('select', 'fr');
  await say('Parlez-moi du blarg.', /^Désolé/);
  await shoot('next-chat-without-key');
  if (upstream.requests.length > 0)
    throw new Error('The chat without a key has asked a service that it was not told of.');
  // What its listener writes: once for each flag, by stage and id, and no word of what was said.
  const flagged = [...server.output.matchAll(/flagged (input|output) (\S+)/g)];
  const stages = flagged.map(([, stage]) => stage).join(' ');
  if (stages !== 'input output output input') throw new Error(`The chat told of other flags: ${server.output}`);
  if (new Set(flagged.map(([, , id]) => id)).size !== 4) throw new Error(`Two flags have one id: ${server.output}`);
  if (/zorp|blarg/i.test(server.output))
    throw new Error(`The flagged text is in what the server wrote: ${server.output}`);
  return 6;
}

/** A first sentence is in the page, and the answer is not at its end. */
const IS_HALF_SAID = `/sea\\.\\s*$/.test(document.querySelector('article.assistant')?.innerText) && document.querySelector('main').dataset.status === 'streaming'`;

/** Says something in the page, and waits until the chat is ready for more. */
function chatOf(page: Scene['page']): (text: string, expected: RegExp) => Promise<void> {
  return async (text, expected) => {
    const before = await page.locator('article.assistant').count();
    await page.fill('input', text);
    // Waited for from before it can be: it does not last.
    await Promise.all([before === 0 && page.waitForFunction(IS_HALF_SAID), page.click('button')]);
    await page.locator('article.assistant').nth(before).waitFor();
    await page.waitForSelector('main[data-status="ready"]');
    expectText(await page.locator('article.assistant').last().innerText(), expected);
  };
}
