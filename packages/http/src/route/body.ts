import { isRecord, type JsonObject } from '../value.ts';

/** Why a body cannot be read, for whoever sent it. */
export interface BodyProblem {
  readonly status: 400 | 413 | 415;
  readonly message: string;
}

/** What a body says, and its bytes: unpacked, whole, and no more than allowed. Undefined body: there is none. */
export type CameBody =
  | { readonly body: JsonObject | undefined; readonly bytes: Uint8Array<ArrayBuffer> | undefined }
  | { readonly problem: BodyProblem };

const METHODS_WITHOUT_BODY: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Reads the body of a chat request: an object of JSON. It reads no further than it may, whatever the sender says. */
export async function readRouteBody(request: Request, maxBytes: number): Promise<CameBody> {
  if (METHODS_WITHOUT_BODY.includes(request.method)) return { body: undefined, bytes: undefined };
  const type = request.headers.get('content-type') ?? '';
  if (!/^$|^text\/plain\b|^application\/(?:[\w.-]+\+)?json\b/i.test(type))
    return problem(415, 'The content type of the body must be application/json.');
  const bytes = await readBytes(request, maxBytes);
  if ('problem' in bytes) return bytes;
  if (bytes.length === 0) return problem(400, 'The body is empty. Send an object of JSON.');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return problem(400, 'The body is not UTF-8.');
  }
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) ? { body, bytes } : problem(400, 'The body must be an object of JSON.');
  } catch {
    return problem(400, 'The body is not JSON.');
  }
}

function problem(status: BodyProblem['status'], message: string): { readonly problem: BodyProblem } {
  return { problem: { status, message } };
}

async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | { readonly problem: BodyProblem }> {
  const tooLarge = problem(413, `The body is larger than ${maxBytes} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    request.body?.cancel().catch(() => {}); // whoever sends it may be gone
    return tooLarge;
  }
  if (!request.body) return new Uint8Array();
  const stream = unpacked(request.body, request.headers.get('content-encoding') ?? '');
  if (!stream) return problem(415, 'The content encoding of the body is not known here.');
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > maxBytes) {
        reader.cancel().catch(() => {});
        return tooLarge;
      }
      chunks.push(part.value);
    }
  } catch {
    return problem(400, 'The body ended before it was complete, or is packed in another way than it says.');
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

const FORMATS: { readonly [encoding: string]: string } = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'brotli',
  zstd: 'zstd',
};

/** The body as it was before it was packed; undefined where this runtime cannot unpack it. */
function unpacked(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  encoding: string,
): ReadableStream<Uint8Array> | undefined {
  let stream: ReadableStream<Uint8Array<ArrayBuffer>> = body;
  for (const each of encoding.toLowerCase().split(',').toReversed()) {
    const name = each.trim();
    if (name === '' || name === 'identity') continue;
    const unpacking = decompression(FORMATS[name]);
    if (!unpacking) return undefined;
    stream = stream.pipeThrough(unpacking);
  }
  return stream;
}

function decompression(format: string | undefined): DecompressionStream | undefined {
  if (!isCompressionFormat(format)) return undefined;
  try {
    return new DecompressionStream(format);
  } catch {
    return undefined;
  }
}

// Which formats a runtime knows, it says itself: by throwing.
function isCompressionFormat(format: string | undefined): format is CompressionFormat {
  return format !== undefined;
}
