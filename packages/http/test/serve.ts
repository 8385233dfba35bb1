import type { ModerationHandler } from '../src/index.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** A web-standard handler behind a real HTTP server on 127.0.0.1. */
export async function serve(handler: ModerationHandler): Promise<Served> {
  const server = createServer((request, response) => {
    void (async () => {
      const controller = new AbortController();
      response.on('close', () => controller.abort());
      const hasBody = request.method !== 'GET';
      const init: RequestInit = {
        method: request.method ?? 'GET',
        headers: Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
        body: hasBody ? new Uint8Array(await buffer(request)) : null,
        signal: controller.signal,
      };
      const answer = await handler(new Request(`http://127.0.0.1${request.url ?? '/'}`, init));
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(await answer.text());
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
