/** A body as JSON, or the status that says why it is none. */
export type ReadBody = { readonly body: unknown } | { readonly status: 400 | 408 | 413 };

/**
 * Reads no more than so many bytes, whatever the sender says of their number, and for no longer than so many
 * milliseconds.
 */
export async function readBody(request: Request, maxBytes: number, deadline = 10_000): Promise<ReadBody> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return { status: 413 };
  const reader = request.body?.getReader();
  const late = Promise.withResolvers<ReadBody>();
  const timer = setTimeout(() => {
    late.resolve({ status: 408 });
    reader?.cancel().catch(() => undefined); // nobody waits for the rest
  }, deadline);
  try {
    return await Promise.race([read(reader, maxBytes), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array> | undefined, maxBytes: number): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      size += part.value.byteLength;
      if (size > maxBytes) {
        await reader?.cancel();
        return { status: 413 };
      }
      chunks.push(part.value);
    }
    return { body: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(join(chunks, size))) as unknown }; // untyped by nature
  } catch {
    return { status: 400 };
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
