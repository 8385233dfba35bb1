/** The request that a handler gets: of the same class as the one that came, with another body and signal. */
export function remade<R extends Request>(
  request: R,
  bytes: Uint8Array<ArrayBuffer> | undefined,
  signal: AbortSignal,
): R {
  const headers = new Headers(request.headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
  const init: RequestInit = { method: request.method, headers, signal, ...(bytes && { body: bytes }) };
  try {
    const made: unknown = Reflect.construct(request.constructor, [request.url, init]);
    if (made instanceof Request) return made as R; // its own class made it, as with NextRequest
  } catch {
    // A class that cannot be made from an address and an init.
  }
  return new Request(request.url, init) as R; // what is left of it is what the web knows of a request
}
