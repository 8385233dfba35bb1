/**
 * A user's program. It is compiled against the packed packages and run in an empty project, on the oldest and the newest
 * Node that they promise to run on.
 */
import assert from 'node:assert/strict';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { guardMiddleware, guardModel } from '@chaperone/ai-sdk';
import { createGuard } from '@chaperone/core';
import { embedded } from '@chaperone/embedded';
import { guardExpress, toExpress } from '@chaperone/express';
import { guardRoute } from '@chaperone/http';
import { blocklist } from '@chaperone/moderators';
import { guardOpenAI } from '@chaperone/openai';
import { startServer } from '@chaperone/testing';
import { generateText, streamText, wrapLanguageModel } from 'ai';
import OpenAI from 'openai';

const server = await startServer({ chat: 'All is well.' });
const guard = createGuard({ moderators: [blocklist(['zorp'], { category: 'invented' })] });
const openai = guardOpenAI(new OpenAI({ apiKey: 'none', baseURL: server.url, maxRetries: 0 }), guard);

const judged = await createGuard({ moderators: [embedded()] }).check('You are such a stupid idiot.');
assert.equal(judged.action, 'block');

const flagged: string[] = [];
guard.on('flagged', ({ decision }) => {
  flagged.push(...decision.findings.map(({ category }) => category));
});

const ask = (content: string) =>
  openai.chat.completions.create({ model: 'scripted', messages: [{ role: 'user', content }] });

try {
  const clean = await ask('Hello.');
  assert.equal(clean.choices[0]?.message.content, 'All is well.');
  assert.deepEqual(flagged, []);

  const blocked = await ask('Say zorp.');
  assert.equal(blocked.choices[0]?.finish_reason, 'content_filter');
  assert.ok(!JSON.stringify(blocked).includes('zorp'));
  assert.deepEqual(flagged, ['invented']);
  assert.equal(server.chatRequests.length, 1); // the model was not asked

  const stream = await openai.chat.completions.create({
    model: 'scripted',
    messages: [{ role: 'user', content: 'Hello again.' }],
    stream: true,
  });
  let streamed = '';
  for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? '';
  assert.equal(streamed, 'All is well.');

  const local = createOpenAICompatible({ name: 'local', baseURL: server.url }).chatModel('scripted');
  const model = guardModel(local, guard);
  assert.equal((await generateText({ model, prompt: 'Hello once more.' })).text, 'All is well.');
  assert.equal(await streamText({ model, prompt: 'Hello at last.' }).text, 'All is well.');
  const wrapped = wrapLanguageModel({ model: local, middleware: guardMiddleware(guard) });
  assert.equal((await generateText({ model: wrapped, prompt: 'Say zorp.' })).finishReason, 'content-filter');

  const route = guardRoute(async (request) => new Response(await request.text()), guard);
  const post = (message: string) =>
    new Request('http://route.test', { method: 'POST', body: JSON.stringify({ message }) });
  assert.equal(await (await route(post('hello'))).text(), '{"message":"hello"}');
  assert.ok(!(await (await route(post('Say zorp.'))).text()).includes('zorp'));
  assert.equal(typeof toExpress(route), 'function');
  assert.equal(typeof guardExpress(guard), 'function');

  await guard.idle();
} finally {
  await server.close();
}
console.log(`clean, blocked and streamed on Node ${process.versions.node}`);
