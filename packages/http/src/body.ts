/** A body as JSON, or the status that says why it is none. */
export type ReadBody = { readonly body: unknown } | { readonly status: 400 | 413 };

/** Reads no more than so many bytes, whatever the sender says of their number. */
export async function readBody(request: Request, maxBytes: number): Promise<ReadBody> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return { status: 413 };
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = request.body?.getReader();
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
