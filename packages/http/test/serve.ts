import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';

export interface Served extends AsyncDisposable {
  readonly url: string;
  /** What handlers threw: a framework would answer 500. */
  readonly thrown: readonly unknown[];
}

/** A web-standard handler behind a real HTTP server on 127.0.0.1. */
export async function serve(handler: (request: Request) => Response | Promise<Response>): Promise<Served> {
  const thrown: unknown[] = [];
  const server = createServer((request, response) => {
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    const answer = async (): Promise<void> => {
      const came = await handler(await webRequest(request, controller.signal));
      response.writeHead(came.status, Object.fromEntries(came.headers));
      if (came.body) for await (const chunk of came.body) response.write(chunk);
      response.end();
    };
    answer().catch((error: unknown) => {
      thrown.push(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    thrown,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function webRequest(request: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const isStreamed = request.headers['content-length'] === undefined;
  const hasBody = request.method !== 'GET';
  const body = !hasBody ? null : isStreamed ? bytesOf(request) : new Uint8Array(await buffer(request));
  return new Request(`http://127.0.0.1${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers,
    body,
    signal,
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  });
}

function bytesOf(request: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator: AsyncIterator<Uint8Array> = Readable.prototype[Symbol.asyncIterator].call(request);
  return new ReadableStream({
    async pull(controller) {
      const result = await iterator.next();
      if (result.done === true) controller.close();
      else controller.enqueue(new Uint8Array(result.value));
    },
  });
}
