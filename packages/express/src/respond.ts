import type { NodeResponse } from './node.ts';

/** Writes a response of the web to one of Node, no faster than it is read, and lets go of it when the client has gone. */
export async function respond(response: Response, to: NodeResponse, signal: AbortSignal): Promise<void> {
  copyHead(response, to);
  const reader = response.body?.getReader();
  if (!reader) return void to.end();
  const letGo = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', letGo, { once: true });
  try {
    to.flushHeaders();
    const drained = drains(to, signal);
    for (let part = await reader.read(); !part.done && !signal.aborted; part = await reader.read()) {
      const isRoomLeft = to.write(part.value);
      to.flush?.(); // or a stream would come packed, and all at its end
      if (!isRoomLeft) await drained();
    }
    if (!signal.aborted) to.end();
  } catch {
    to.destroy(); // it has begun, so that only its end can say that something went wrong
  } finally {
    signal.removeEventListener('abort', letGo);
  }
}

/** Status and headers. Cookies are several of one name. */
export function copyHead({ status, headers }: Response, to: NodeResponse): void {
  to.statusCode = status;
  copyHeaders(headers, to);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) to.setHeader('set-cookie', cookies);
}

export function copyHeaders(headers: Headers, to: NodeResponse): void {
  for (const [name, value] of headers) if (name !== 'set-cookie') to.setHeader(name, value);
}

/**
 * Waits until there is room again, or nobody to write for. One listener for all of an answer: `compression()` puts it on
 * its own stream, where `off` does not find it.
 */
function drains(to: NodeResponse, signal: AbortSignal): () => Promise<void> {
  let goOn: (() => void) | undefined;
  const done = (): void => goOn?.();
  to.on('drain', done);
  signal.addEventListener('abort', done, { once: true });
  return () =>
    new Promise((resolve) => {
      goOn = resolve;
      if (signal.aborted) resolve();
    });
}

/** Aborted when the client has gone before it got all of the answer. */
export function clientSignal(response: NodeResponse): AbortSignal {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableEnded) controller.abort();
  });
  return controller.signal;
}
