import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { openService } from '../src/service.ts';

test('A chat is answered, refused where it must be, and goes on', async () => {
  await using service = await openService();
  const { app } = createApp(service);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const messages: { role: string; content: string }[] = [];
  const say = async (content: string): Promise<string> => {
    messages.push({ role: 'user', content });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/chat`, { method: 'POST', headers, body: JSON.stringify({ messages }) });
    const answer = await response.text();
    messages.push({ role: 'assistant', content: answer });
    return answer;
  };
  try {
    expect(await (await fetch(url)).text()).toContain('A guarded chat');
    expect(await say('What grows by the sea?')).toContain('blue in the evening');
    expect(await say('Tell me of the zorp.')).toMatch(/^Sorry/);
    const secret = await say('What is its secret?');
    expect(secret).toMatch(/^Sea holly grows by the sea\.\s*\n\nSorry/);
    expect(secret).not.toContain('zorp');
    expect(await say('Be rude.')).toBe('Sea holly grows by the sea. It is blue in the evening.');
    expect(await say('What grows by the sea?')).toContain('blue in the evening');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
