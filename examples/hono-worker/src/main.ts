import { app } from './app.ts';
import { openService } from './service.ts';

/** One chat through the route, without a server: a fetch handler is a function. */
await using service = await openService();
const env = { OPENAI_API_KEY: service.apiKey, OPENAI_BASE_URL: service.baseURL };
for (const content of ['What grows by the sea?', 'Tell me of the zorp.', 'What is its secret?']) {
  const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content }] });
  const response = await app.request('/chat/completions', { method: 'POST', body }, env);
  console.log(content, '→', response.headers.get('x-chaperone-action') ?? 'allow', await response.text());
}
