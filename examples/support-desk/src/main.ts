import { createGuard, type Guard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import OpenAI from 'openai';
import type { Desk } from './desk.ts';
import { openService } from './service.ts';
import { ticketWebhook } from './webhook.ts';

await using service = await openService();
const { apiKey, baseURL } = service;
const guard: Guard = createGuard({ moderators: [openaiModeration({ apiKey, baseURL })] });
const openai = new OpenAI({ apiKey, baseURL }); // unguarded: the draft is checked by itself

const desk: Desk = {
  reply: (ticket, text) => console.log(`${ticket}, to the customer: ${text}`),
  note: (ticket, text) => console.log(`${ticket}, to agents: ${text}`),
  tag: (ticket, tag) => console.log(`${ticket}, tagged ${tag}`),
};
const handle = ticketWebhook(guard, desk, async ({ text }) => {
  const messages = [{ role: 'user' as const, content: text }];
  const completion = await openai.chat.completions.create({ model: 'gpt-5-mini', messages });
  return completion.choices[0]?.message.content ?? '';
});

for (const [at, text] of ['What grows by the sea?', 'I want a zorp.', 'What is its secret?'].entries()) {
  const body = JSON.stringify({ id: `T-${at + 1}`, customer: 'c-7', text });
  await handle(new Request('http://localhost/webhook', { method: 'POST', body }));
}
