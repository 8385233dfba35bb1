import type { NodeRequest } from './node.ts';

/** Headers that speak of the bytes of a body that was read already. */
const OF_THE_BYTES: readonly string[] = ['content-length', 'content-encoding', 'transfer-encoding'];

/** The request as the web has it. A body that a parser has read is written anew; else it is read as it comes. */
export function webRequest(request: NodeRequest, signal: AbortSignal): Request {
  const method = (request.method ?? 'GET').toUpperCase();
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (!name.startsWith(':') && value !== undefined)
      for (const each of typeof value === 'string' ? [value] : value) headers.append(name, each);
  const init = { method, headers, signal };
  const url = addressOf(request);
  if (method === 'GET' || method === 'HEAD') return new Request(url, init);
  if (request.body === undefined || request.body === null) return new Request(url, streamed(init, request));
  for (const name of OF_THE_BYTES) headers.delete(name);
  const { body } = request;
  if (body instanceof Uint8Array) return new Request(url, { ...init, body: new Uint8Array(body) });
  if (typeof body === 'string') return new Request(url, { ...init, body });
  headers.set('content-type', 'application/json');
  return new Request(url, { ...init, body: JSON.stringify(body) });
}

/** A body that flows, which the web wants to be said. */
function streamed(init: RequestInit, request: NodeRequest): RequestInit & { readonly duplex: 'half' } {
  return { ...init, body: bytesOf(request), duplex: 'half' };
}

function addressOf({ url = '/', originalUrl = url, headers }: NodeRequest): string {
  const { host } = headers;
  const base = URL.parse(`http://${typeof host === 'string' ? host : 'localhost'}`) ?? 'http://localhost';
  // A path may begin with two slashes, which would be a host.
  return (URL.parse(originalUrl.replace(/^\/{2,}/, '/'), base) ?? new URL(base)).href;
}

function bytesOf(request: NodeRequest): ReadableStream<Uint8Array<ArrayBuffer>> {
  let iterator: AsyncIterator<unknown> | undefined;
  return new ReadableStream({
    async pull(controller) {
      iterator ??= request[Symbol.asyncIterator]();
      const result: IteratorResult<unknown, unknown> = await iterator.next();
      if (result.done === true) controller.close();
      else if (result.value instanceof Uint8Array) controller.enqueue(new Uint8Array(result.value));
      else controller.enqueue(new TextEncoder().encode(String(result.value)));
    },
    // Not ended: that would take the connection with it, and with it the answer that says why.
    cancel() {},
  });
}
